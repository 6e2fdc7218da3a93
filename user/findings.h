/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What each finding means, and what to do about it. */
#ifndef SMTPSCOPE_FINDINGS_H
#define SMTPSCOPE_FINDINGS_H

const char *finding_meaning(unsigned int finding);
const char *finding_remedy(unsigned int finding);

#endif
