/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The loop of run and watch: records in, lines and numbers out, until a signal. */
#include "cmd_service.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "exposition.h"
#include "process.h"
#include "status.h"

#define NS_PER_SECOND 1000000000ULL
#define NS_PER_MS 1000000ULL

/* A record waits so long in the ring at most: the kernel side wakes us for
 * many records only.
 */
#define TICK_NS 50000000L
/* The tables are swept once a second. */
#define SWEEP_TICKS 20
/* As many as we watch. */
#define EVENTS_MAX 4

static __u64 clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* The wall clock may be set while we run. */
static void set_clock(struct service *service)
{
	service->track.clock.offset_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
}

static bool call_ready(void *ctx)
{
	const struct service *service = ctx;

	return service->ready;
}

static void call_metrics(void *ctx, enum exposition_format format, FILE *out)
{
	struct service *service = ctx;
	struct process_stats process = { .start_ns = service->start_ns };
	struct kernel_stats kernel = { .devices = service->devices_nr };
	struct scrape scrape = {
		.metrics = &service->metrics,
		.events_read = service->track.totals.records,
		.events_lost = service->track.totals.lost,
		.log_lines_dropped = log_dropped(service->log),
		.hosts = hosts_count(service->hosts),
		.hosts_max = service->config.hosts_max,
	};

	if (!process_read(&process))
		scrape.process = &process;
	if (service->ready && !loader_stats(service->loader, &kernel))
		scrape.kernel = &kernel;
	else if (service->ready)
		service->kernel_failures++;
	scrape.kernel_failures = service->kernel_failures;
	exposition_render(&scrape, format, out);
}

static void print_status(const struct service *service)
{
	status_print(stderr, service->hosts, &service->track.totals);
}

static void on_signal(struct service *service, int number)
{
	int err;

	switch (number) {
	case SIGUSR1: print_status(service); break;
	case SIGHUP:
		err = log_reopen(service->log);
		if (err)
			fprintf(stderr,
				"smtpscope: --log-file: %s: %s; the lines go on to the old file\n",
				service->config.log_file, strerror(-err));
		break;
	case SIGPIPE: service->stop |= service->quiet_pipe; break;
	default: service->stop = true;
	}
}

static int read_signals(struct service *service)
{
	struct signalfd_siginfo info;
	ssize_t got;

	while ((got = read(service->signal_fd, &info, sizeof(info))) == sizeof(info))
		on_signal(service, info.ssi_signo);
	return got < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
}

static int read_ring(struct service *service)
{
	return events_poll(service->events);
}

static int run_http(struct service *service)
{
	if (service->http)
		http_run(service->http, clock_ns(CLOCK_MONOTONIC) / NS_PER_MS);
	return 0;
}

static int read_timer(struct service *service)
{
	__u64 expired;
	int err;

	if (read(service->timer_fd, &expired, sizeof(expired)) < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	err = read_ring(service);
	if (err)
		return err;
	if (++service->ticks % SWEEP_TICKS)
		return 0;
	set_clock(service);
	if (events_sweep(service->events, clock_ns(CLOCK_MONOTONIC)))
		service->kernel_failures++;
	return 0;
}

static int (*const handlers[EVENTS_MAX])(struct service *service) = {
	read_signals,
	read_timer,
	read_ring,
	run_http,
};

/* All that the loop waits for, in the order of the handlers. */
static int watch_all(const struct service *service)
{
	const int fds[EVENTS_MAX] = {
		service->signal_fd,
		service->timer_fd,
		events_fd(service->events),
		service->http ? http_fd(service->http) : -1,
	};

	for (unsigned int i = 0; i < EVENTS_MAX; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };

		if (fds[i] >= 0 && epoll_ctl(service->epoll_fd, EPOLL_CTL_ADD, fds[i], &event))
			return -errno;
	}
	return 0;
}

static int wait_once(struct service *service)
{
	struct epoll_event events[EVENTS_MAX];
	int timeout = -1, found, err = 0;

	if (service->http)
		timeout = http_timeout_ms(service->http, clock_ns(CLOCK_MONOTONIC) / NS_PER_MS);
	found = epoll_wait(service->epoll_fd, events, EVENTS_MAX, timeout);
	if (found < 0)
		return errno == EINTR ? 0 : -errno;
	if (!found)
		return run_http(service);
	for (int i = 0; i < found && !err; i++)
		err = handlers[events[i].data.u32](service);
	return err;
}

/* No packet is seen any more: what is known is told, and nothing is lost. */
static int finish(struct service *service)
{
	int err;

	service->ready = false;
	attach_close(service->attach);
	service->attach = NULL;
	err = events_flush(service->events);
	print_status(service);
	return err;
}

static int open_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE };
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&set, numbers[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int open_timer(void)
{
	const struct itimerspec tick = {
		.it_interval.tv_nsec = TICK_NS,
		.it_value.tv_nsec = TICK_NS,
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), err;

	if (fd < 0)
		return -errno;
	if (timerfd_settime(fd, 0, &tick, NULL)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

const struct http_calls *service_calls(struct service *service)
{
	return &service->calls;
}

void service_record(void *ctx, const struct record *record)
{
	struct service *service = ctx;

	track_record(&service->track, record);
}

int service_open(struct service *service)
{
	service->start_ns = clock_ns(CLOCK_REALTIME);
	metrics_init(&service->metrics, &service->config);
	service->calls = (struct http_calls){ service, call_ready, call_metrics };
	service->signal_fd = service->timer_fd = -1;
	service->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (service->epoll_fd < 0)
		return -errno;
	service->signal_fd = open_signals();
	if (service->signal_fd < 0)
		return service->signal_fd;
	service->timer_fd = open_timer();
	return service->timer_fd < 0 ? service->timer_fd : 0;
}

void service_close(struct service *service)
{
	const int fds[] = { service->epoll_fd, service->signal_fd, service->timer_fd };

	http_close(service->http);
	attach_close(service->attach);
	events_close(service->events);
	loader_close(service->loader);
	hosts_close(service->hosts);
	log_close(service->log);
	for (unsigned int i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int service_run(struct service *service)
{
	int err, end;

	service->track.log = service->log;
	service->track.hosts = service->hosts;
	service->track.metrics = &service->metrics;
	set_clock(service);
	err = watch_all(service);
	service->ready = !err;
	while (!err && !service->stop)
		err = wait_once(service);
	end = finish(service);
	return err ? err : end;
}
