#include "http/gauges.h"

#include <dirent.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int64_t resident_bytes(void) {
    long long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fscanf(file, "%lld %lld", &size, &resident) != 2)
        resident = 0;
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static int64_t open_descriptors(void) {
    int64_t count = -3; /* itself, "." and ".." */
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

void jc_gauges_read(struct jc_http *http) {
    struct jc_metrics *metrics = http->metrics;
    struct jc_db_stats stats;
    struct timespec cpu = {0};
    jc_db_stats(http->config.db, &stats);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    jc_metrics_set(metrics, JC_METRIC_QUEUE_WRITES, jc_admit_writes(http->admit));
    jc_metrics_set(metrics, JC_METRIC_QUEUE_READS, jc_pool_waiting(http->pool));
    jc_metrics_set(metrics, JC_METRIC_QUEUE_PASSWORDS, jc_pool_waiting(http->passwords));
    jc_metrics_set(metrics, JC_METRIC_BYTES_IN_HAND, (int64_t)jc_admit_bytes_in_hand(http->admit));
    jc_metrics_set(metrics, JC_METRIC_JOBS, stats.jobs);
    jc_metrics_set(metrics, JC_METRIC_COMMITS, stats.commits);
    jc_metrics_set(metrics, JC_METRIC_REPLAYS, stats.replays);
    jc_metrics_set(metrics, JC_METRIC_WAL_WRITTEN, stats.log_pages);
    jc_metrics_set(metrics, JC_METRIC_WAL_COPIED, stats.log_pages_copied);
    jc_metrics_set(metrics, JC_METRIC_WAL_FORCED, stats.checkpoints_forced);
    jc_metrics_set(metrics, JC_METRIC_MEMORY, resident_bytes());
    jc_metrics_set(metrics, JC_METRIC_CPU_US, cpu.tv_sec * INT64_C(1000000) + cpu.tv_nsec / 1000);
    jc_metrics_set(metrics, JC_METRIC_FDS, open_descriptors());
}
