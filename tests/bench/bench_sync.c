/* Load for a real server: paced by its answers, one request in flight per terminal, or by the clock.
 *
 *   jc_bench_sync --program build/bin/jiancha --connections 64 --records 20 --seconds 5 --dir FOLDER
 *       [--pace MS] [--history RECORDS] [--kill]
 *
 * Makes a database with one terminal per connection, starts `jiancha serve` on it, sends ad hoc
 * inspections with four findings each (the size of a record in the field), every request sealed by
 * its terminal, every id new and every unit visited once, then stops the server and counts what the
 * database holds. Requests are made before the clock starts, --rate times the seconds for each terminal; one that is
 * served more often than that makes its further ones when it needs them. Prints one JSON object. Any answer that
 * is not 200, any record not applied or not durable ends it with exit 1.
 *
 * With --pace each terminal sends one request in so many milliseconds, all of them evenly spread, and a
 * request's time counts from when it was due. --history puts records there first. start_ms is from fork to
 * the first durable record; with --kill the server is killed afterwards, started again on what it left,
 * and restart_ms is the same once more. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/load.h"

enum {
    SAMPLES_MAX = 1 << 22,
    QUIET_MS = 30000,
    EXTRA = 3, /* requests besides: first answers */
    SPARE = 2, /* one unit more for so many, and twice the numbers: for terminals that are served more often */
};

struct settings {
    const char *program, *dir;
    int connections, records, seconds, rate; /* rate: records/s to make requests for beforehand, per connection */
    int pace_ms;                             /* 0: as fast as the answers come */
    int64_t history;
    bool gzip, kill;
};

struct run {
    const struct settings *settings;
    struct jc_load *loads;
    int epoll;
    int64_t begin_ns, end_ns;
    int live;
    int64_t due;              /* requests that were due so far; paced */
    int64_t next_unit, units; /* that no request names yet, and how many there are */
    bool ran_out;
    int64_t *samples_ns;
    size_t sample_count;
};

static void want(struct run *run, struct jc_load *load, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = load};
    epoll_ctl(run->epoll, EPOLL_CTL_MOD, load->fd, &event);
}

static void start_request(struct run *run, struct jc_load *load) {
    jc_load_start(load);
    if (!jc_load_push(load))
        want(run, load, EPOLLIN | EPOLLOUT);
}

/* Made beforehand. */
static int requests_each(const struct settings *settings) {
    int paced = settings->pace_ms ? settings->seconds * 1000 / settings->pace_ms + 1 : 0;
    return EXTRA + (paced ? paced : settings->rate * settings->seconds / settings->records);
}

/* Whether the terminal has a request to send; one is for the server that starts again. */
static bool has_request(struct run *run, struct jc_load *load) {
    int records = run->settings->records, kept = run->settings->kill;
    bool makes = load->next >= load->count - kept && run->next_unit + records <= run->units &&
                 load->count < requests_each(run->settings) * SPARE;
    if (makes) {
        jc_load_add(load, run->next_unit);
        run->next_unit += records;
    }
    return load->next < load->count - kept;
}

static void take_answer(struct run *run, struct jc_load *load) {
    if (!jc_load_take(load))
        return;
    int64_t now = jc_fleet_now_ns();
    if (run->sample_count < SAMPLES_MAX)
        run->samples_ns[run->sample_count++] = now - load->started_ns;
    if (run->settings->pace_ms) {
        run->live--;
        return;
    }
    bool out = now < run->end_ns && !has_request(run, load);
    run->ran_out |= out;
    if (out || now >= run->end_ns)
        run->live--;
    else
        start_request(run, load);
}

/* Request n of all is due at this time. */
static int64_t due_ns(const struct run *run, int64_t n) {
    return run->begin_ns + n * run->settings->pace_ms * 1000000 / run->settings->connections;
}

/* Starts what is due; nanoseconds until the next one, -1 if there is none. */
static int64_t start_due(struct run *run) {
    int64_t now = jc_fleet_now_ns();
    for (; due_ns(run, run->due) < run->end_ns; run->due++) {
        struct jc_load *load = &run->loads[run->due % run->settings->connections];
        if (due_ns(run, run->due) > now)
            return due_ns(run, run->due) - now;
        if (run->due >= run->settings->connections && !load->idle)
            jc_fleet_stop("a terminal's last request is not answered when the next is due");
        start_request(run, load);
        load->started_ns = due_ns(run, run->due);
        run->live++;
    }
    return -1;
}

static int wait_for_events(struct run *run, struct epoll_event *events, int max) {
    int64_t next = run->settings->pace_ms ? start_due(run) : -1;
    int64_t wait = next < 0 ? QUIET_MS * INT64_C(1000000) : next;
    struct timespec time = {wait / 1000000000, wait % 1000000000};
    if (next < 0 && run->live == 0)
        return 0;
    int count = epoll_pwait2(run->epoll, events, max, &time, NULL);
    if (count < 0 || (count == 0 && next < 0))
        jc_fleet_stop("no answer for 30 seconds");
    return count;
}

static double drive(struct run *run) {
    struct epoll_event events[256];
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < run->settings->connections; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &run->loads[i]};
        fcntl(run->loads[i].fd, F_SETFL, O_NONBLOCK);
        epoll_ctl(run->epoll, EPOLL_CTL_ADD, run->loads[i].fd, &event);
    }
    int64_t begin = run->begin_ns = jc_fleet_now_ns();
    run->end_ns = begin + (int64_t)run->settings->seconds * 1000000000;
    run->live = run->settings->pace_ms ? 0 : run->settings->connections;
    for (int i = 0; i < run->live; i++)
        start_request(run, &run->loads[i]);
    while (run->live > 0 || (run->settings->pace_ms && jc_fleet_now_ns() < run->end_ns)) {
        int count = wait_for_events(run, events, 256);
        for (int i = 0; i < count; i++) {
            struct jc_load *load = events[i].data.ptr;
            if (events[i].events & EPOLLOUT && jc_load_push(load))
                want(run, load, EPOLLIN);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                take_answer(run, load);
        }
    }
    close(run->epoll);
    return (double)(jc_fleet_now_ns() - begin) / 1e9;
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double percentile_ms(const struct run *run, double part) {
    return run->sample_count ? (double)run->samples_ns[(size_t)((double)(run->sample_count - 1) * part)] / 1e6 : 0;
}

/* --- main ------------------------------------------------------------------------------------------ */

static struct settings parse_settings(int argc, char **argv) {
    static const struct option options[] = {
        {"program", required_argument, NULL, 'p'},
        {"dir", required_argument, NULL, 'd'},
        {"connections", required_argument, NULL, 'c'},
        {"records", required_argument, NULL, 'r'},
        {"seconds", required_argument, NULL, 's'},
        {"rate", required_argument, NULL, 'q'},
        {"gzip", no_argument, NULL, 'z'},
        {"pace", required_argument, NULL, 'P'},
        {"history", required_argument, NULL, 'H'},
        {"kill", no_argument, NULL, 'k'},
        {0},
    };
    struct settings settings = {.connections = 64, .records = 1, .seconds = 5, .rate = 700};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'p')
            settings.program = optarg;
        else if (c == 'd')
            settings.dir = optarg;
        else if (c == 'c')
            settings.connections = atoi(optarg);
        else if (c == 'r')
            settings.records = atoi(optarg);
        else if (c == 's')
            settings.seconds = atoi(optarg);
        else if (c == 'q')
            settings.rate = atoi(optarg);
        else if (c == 'z')
            settings.gzip = true;
        else if (c == 'P')
            settings.pace_ms = atoi(optarg);
        else if (c == 'H')
            settings.history = atoll(optarg);
        else if (c == 'k')
            settings.kill = true;
        else
            exit(2);
    }
    if (!settings.program || !settings.dir || settings.connections < 1 || settings.records < 1)
        jc_fleet_stop("usage: --program FILE --dir FOLDER [--connections N] [--records N] [--seconds S] [--rate N] "
                      "[--gzip] [--pace MS] [--history RECORDS] [--kill]");
    return settings;
}

static struct jc_load *make_loads(const struct settings *settings, const char *database) {
    struct jc_load *loads = jc_fleet_alloc((size_t)settings->connections, sizeof *loads);
    struct jc_fleet_terminal **terminals = jc_fleet_alloc((size_t)settings->connections, sizeof *terminals);
    for (int i = 0; i < settings->connections; i++) {
        loads[i].gzip = settings->gzip;
        terminals[i] = &loads[i].terminal;
    }
    jc_fleet_make(database, terminals, settings->connections);
    jc_fleet_lease(database, terminals, settings->connections,
                   (int64_t)requests_each(settings) * settings->records * SPARE);
    free(terminals);
    return loads;
}

/* How many units the requests made name. The terminals are to hear of none but the first request's. */
static int64_t prepare(struct jc_load *loads, const struct settings *settings, const char *database) {
    int count = requests_each(settings);
    int64_t each = (int64_t)count * settings->records;
    for (int i = 0; i < settings->connections; i++)
        jc_load_prepare(&loads[i], count, settings->records, i * each);
    jc_fleet_add_units(database, settings->records);
    if (settings->history)
        jc_fleet_add_history(database, settings->history);
    return settings->connections * each;
}

/* Milliseconds since `begin_ns` when a new connection has had a request of the terminal's answered. */
static double first_answer(struct jc_load *load, int port, int64_t begin_ns) {
    load->fd = jc_fleet_dial(port);
    jc_load_start(load);
    (void)jc_load_push(load);
    while (!jc_load_take(load))
        continue;
    return (double)(jc_fleet_now_ns() - begin_ns) / 1e6;
}

static void connect_all(struct jc_load *loads, const struct settings *settings, int port) {
    for (int i = 0; i < settings->connections; i++) {
        if (i)
            loads[i].fd = jc_fleet_dial(port);
        jc_load_first_sync(&loads[i]);
    }
}

static int64_t own_cpu_us(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}

static void report(struct run *run, double seconds, int64_t cpu, int64_t own_cpu, long idle_kb, long loaded_kb,
                   double start_ms, double restart_ms) {
    const struct settings *settings = run->settings;
    double records = (double)run->sample_count * settings->records;
    int64_t wire = 0;
    for (int i = 0; i < settings->connections; i++)
        wire += run->loads[i].wire_out + run->loads[i].wire_in;
    qsort(run->samples_ns, run->sample_count, sizeof(int64_t), by_size);
    printf("{\"connections\": %d, \"records_a_request\": %d, \"records\": %.0f, \"seconds\": %.3f, "
           "\"records_per_s\": %.1f, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"cpu_us_per_record\": %.1f, "
           "\"load_cpu_us_per_record\": %.1f, \"wire_bytes_per_record\": %.0f, \"idle_kb\": %ld, \"loaded_kb\": %ld, "
           "\"start_ms\": %.1f, \"restart_ms\": %.1f}\n",
           settings->connections, settings->records, records, seconds, records / seconds, percentile_ms(run, 0.5),
           percentile_ms(run, 0.99), (double)cpu / records, (double)own_cpu / records, (double)wire / records, idle_kb,
           loaded_kb, start_ms, restart_ms);
}

int main(int argc, char **argv) {
    struct settings settings = parse_settings(argc, argv);
    char database[512], log[512];
    snprintf(database, sizeof database, "%s/bench.db", settings.dir);
    snprintf(log, sizeof log, "%s/bench.log", settings.dir);
    if (access(settings.program, X_OK) != 0)
        jc_fleet_stop("--program names no program that can be run");
    struct run run = {.settings = &settings, .samples_ns = jc_fleet_alloc(SAMPLES_MAX, sizeof(int64_t))};
    run.loads = make_loads(&settings, database);
    run.next_unit = prepare(run.loads, &settings, database);
    run.units = run.next_unit + run.next_unit / SPARE;
    int64_t begin_ns = jc_fleet_now_ns();
    struct jc_fleet_server server = jc_fleet_serve(settings.program, database, log, NULL);
    long idle_kb = jc_fleet_resident_kb(server.pid);
    double start_ms = first_answer(&run.loads[0], server.port, begin_ns), restart_ms = 0;
    connect_all(run.loads, &settings, server.port);
    jc_fleet_add_units(database, run.units);
    int64_t cpu = jc_fleet_cpu_us(server.pid), own_cpu = own_cpu_us();
    double seconds = drive(&run);
    cpu = jc_fleet_cpu_us(server.pid) - cpu;
    own_cpu = own_cpu_us() - own_cpu;
    long loaded_kb = jc_fleet_resident_kb(server.pid);
    for (int i = 0; i < settings.connections; i++)
        close(run.loads[i].fd);
    if (settings.kill) {
        jc_fleet_kill(&server);
        begin_ns = jc_fleet_now_ns();
        server = jc_fleet_serve(settings.program, database, log, NULL);
        restart_ms = first_answer(&run.loads[0], server.port, begin_ns);
        close(run.loads[0].fd);
    }
    jc_fleet_end(&server);
    if (run.ran_out)
        fprintf(stderr, "jc_bench_sync: a terminal had nothing left to send; give a higher --rate than %d\n",
                settings.rate);
    int64_t sent = (int64_t)run.sample_count + 1 + settings.kill; /* requests */
    if (jc_fleet_operations(database) != settings.history + sent * settings.records)
        jc_fleet_stop("records that were acknowledged are not in the database");
    report(&run, seconds, cpu, own_cpu, idle_kb, loaded_kb, start_ms, restart_ms);
    for (int i = 0; i < settings.connections; i++)
        jc_load_free(&run.loads[i]);
    free(run.loads);
    free(run.samples_ns);
    return 0;
}
