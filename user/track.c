/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Takes each record to where it is told: lines, hosts, metrics. */
#include "track.h"

#include "metrics.h"

/* At its end a session may have broken rules that no record told before. */
static __u32 untold_findings(const struct record *r, const struct verdict *v)
{
	if (r->ending == ENDING_OPEN)
		return r->fresh;
	return r->fresh | (v->findings & ~(r->client.findings | r->server.findings));
}

/* Each CPU numbers its records from 0 on, and they come in that order. */
static void track_number(struct track *track, __u64 sequence)
{
	__u64 *next = &track->next[sequence >> RECORD_CPU_SHIFT & (RECORD_CPUS - 1)];
	__u64 number = sequence & ((1ULL << RECORD_CPU_SHIFT) - 1);

	track->totals.records++;
	if (number > *next)
		track->totals.lost += number - *next;
	*next = number + 1;
}

void track_record(struct track *track, const struct record *r)
{
	struct verdict v;
	__u32 findings;

	track_number(track, r->sequence);
	verdict_of(r, &v);
	findings = untold_findings(r, &v);
	for (unsigned int i = 0; i < FINDING_NR; i++) {
		if (!(findings & 1U << i))
			continue;
		track->totals.findings[i]++;
		log_finding(track->log, r, &v, i, &track->clock);
		metrics_finding(track->metrics, i);
	}
	if (r->ending == ENDING_OPEN)
		return;
	log_session(track->log, r, &v, &track->clock);
	hosts_record(track->hosts, r, &v);
	metrics_session(track->metrics, r, &v);
}
