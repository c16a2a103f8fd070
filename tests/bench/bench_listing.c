/* What a terminal pays for what it has not heard of yet.
 *
 *   jc_bench_listing --program build/bin/jiancha --dir FOLDER [--units 8580] [--tasks 500] [--changes N]
 *
 * First: a new terminal's first sync of so many units and tasks of its team, compressed, with the page size a
 * terminal on a good line asks for. Then N changes are made that belong to other teams, and the terminal, which has
 * heard of none of them, asks 2,000 times from where it stood. Prints one JSON object; time and bytes of the first
 * sync, median and CPU of the server of the pulls. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/load.h"

enum { PULLS = 2000, PAGE_BYTES = 1 << 20, CHUNK = 1000000 };

struct settings {
    const char *program, *dir;
    int64_t units, tasks, changes;
};

#define NUMBERS "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < $1) "

/* Names, addresses and credit codes that do not compress better than real ones. */
static const char SQL_UNITS[] = NUMBERS
    "INSERT INTO unit SELECT 1, 'unit-' || n, n,"
    " substr('兴盛恒达金鼎华泰瑞丰鑫源永利宏远', 1 + abs(random() % 15), 2) ||"
    " substr('东方大通中天北海新业广合长顺安康', 1 + abs(random() % 15), 2) ||"
    " substr('化工机械建材矿业食品纺织印刷木业', 1 + 2 * abs(random() % 8), 2) || '有限公司', '',"
    " substr('田家庵潘集谢家集八公山大通凤台寿县', 1 + abs(random() % 14), 3) || '区' ||"
    " substr('洞山舜耕国庆朝阳龙湖学院广场陈洞', 1 + 2 * abs(random() % 8), 2) || '路' || abs(random() % 900) || '号',"
    " '', substr('化工机械建材矿业', 1 + 2 * abs(random() % 4), 2), CASE n % 4 WHEN 0 THEN 'key' ELSE 'general' END,"
    " '', '9134040' || substr('ABCDEFGHJKLMNPQRTUWXY', 1 + abs(random() % 21), 1) ||"
    " printf('%010d', abs(random() % 10000000000)), '', abs(random() % 5), 2, 100, 0, 0, NULL FROM number";
static const char SQL_TASKS[] = NUMBERS
    "INSERT INTO task (agency_id, task_id, kind, state, team_id, unit_id, month, due_on, mode, persons, days_centi,"
    " theme, checklist_id, inspector_ids, return_reason, released_ms)"
    " SELECT 1, randomblob(16), 1, 1, 't0', 'unit-' || (n * 17), 1 + n % 12, '2026-12-' || (10 + n % 20), 1, 2, 100,"
    " '', 'default', '', '', 1790000000000 + n FROM number";
/* The next so many changes of seven other teams; one statement's worth. */
static const char SQL_CHANGES[] =
    NUMBERS "INSERT INTO change SELECT 1, 1, CAST(printf('%016d', h.change_seq + n) AS BLOB), 't' || (1 + n % 7),"
            " h.change_seq + n, 0 FROM number, (SELECT change_seq FROM agency_head WHERE agency_id = 1) AS h";
static const char SQL_HEAD[] = "UPDATE agency_head SET change_seq = change_seq + $1 WHERE agency_id = 1";

static void add_changes(const char *database, int64_t count) {
    for (int64_t part; count > 0; count -= part) {
        part = count < CHUNK ? count : CHUNK;
        jc_fleet_exec(database, SQL_CHANGES, part);
        jc_fleet_exec(database, SQL_HEAD, part);
    }
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median milliseconds of PULLS pulls from the same cursor, and the server's CPU for one. */
static double pull(struct jc_load *load, const struct jc_fleet_server *server, double *cpu_us) {
    static double samples[PULLS];
    struct jc_load start = *load;
    load->fd = jc_fleet_dial(server->port);
    jc_load_first_sync(load); /* the server has read what it needs */
    int64_t cpu = jc_fleet_cpu_us(server->pid);
    for (int i = 0; i < PULLS; i++) {
        memcpy(load->cursor, start.cursor, sizeof load->cursor);
        load->cursor_len = start.cursor_len;
        int64_t begin = jc_fleet_now_ns();
        jc_load_first_sync(load);
        samples[i] = (double)(jc_fleet_now_ns() - begin) / 1e6;
    }
    *cpu_us = (double)(jc_fleet_cpu_us(server->pid) - cpu) / PULLS;
    close(load->fd);
    qsort(samples, PULLS, sizeof *samples, by_size);
    return samples[PULLS / 2];
}

static struct settings parse_settings(int argc, char **argv) {
    static const struct option options[] = {
        {"program", required_argument, NULL, 'p'}, {"dir", required_argument, NULL, 'd'},
        {"units", required_argument, NULL, 'u'},   {"tasks", required_argument, NULL, 't'},
        {"changes", required_argument, NULL, 'c'}, {0},
    };
    struct settings settings = {.units = 8580, .tasks = 500, .changes = 10000};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'p')
            settings.program = optarg;
        else if (c == 'd')
            settings.dir = optarg;
        else if (c == 'u')
            settings.units = atoll(optarg);
        else if (c == 't')
            settings.tasks = atoll(optarg);
        else if (c == 'c')
            settings.changes = atoll(optarg);
        else
            exit(2);
    }
    if (!settings.program || !settings.dir || settings.tasks * 17 > settings.units)
        jc_fleet_stop("usage: --program FILE --dir FOLDER [--units N] [--tasks N] [--changes N]; 17 units a task");
    return settings;
}

int main(int argc, char **argv) {
    struct settings settings = parse_settings(argc, argv);
    struct jc_load loads[8] = {0}, *load = loads;
    struct jc_fleet_terminal *terminals[8];
    char database[512], log[512];
    double cpu_us = 0;
    snprintf(database, sizeof database, "%s/bench.db", settings.dir);
    snprintf(log, sizeof log, "%s/bench.log", settings.dir);
    for (int i = 0; i < 8; i++)
        terminals[i] = &loads[i].terminal;
    jc_fleet_make(database, terminals, 8);
    jc_fleet_exec(database, SQL_UNITS, settings.units);
    jc_fleet_exec(database, SQL_TASKS, settings.tasks);
    jc_load_prepare(load, 1, 1, 0);
    load->gzip = true;
    load->page_bytes = PAGE_BYTES;

    struct jc_fleet_server server = jc_fleet_serve(settings.program, database, log, NULL);
    int64_t begin = jc_fleet_now_ns();
    load->fd = jc_fleet_dial(server.port);
    jc_load_first_sync(load);
    double first_ms = (double)(jc_fleet_now_ns() - begin) / 1e6;
    int64_t wire = load->listed_bytes;
    close(load->fd);
    jc_fleet_end(&server);

    add_changes(database, settings.changes);
    server = jc_fleet_serve(settings.program, database, log, NULL);
    double pull_ms = pull(load, &server, &cpu_us);
    jc_fleet_end(&server);
    printf("{\"units\": %lld, \"tasks\": %lld, \"changes\": %lld, \"first_sync_ms\": %.1f, \"first_sync_bytes\": %lld, "
           "\"pull_ms\": %.3f, \"pull_cpu_us\": %.1f}\n",
           (long long)settings.units, (long long)settings.tasks, (long long)settings.changes, first_ms, (long long)wire,
           pull_ms, cpu_us);
    jc_load_free(load);
    return 0;
}
