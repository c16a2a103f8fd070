/* What a server is busy with now: the metrics that are read off when they are asked for. Inside http alone. */
#ifndef JC_HTTP_GAUGES_H
#define JC_HTTP_GAUGES_H

#include "http/http.h"

/* Sets queues, the database's counters, memory, processor time and descriptors in http->metrics. Any thread. */
void jc_gauges_read(struct jc_http *http);

#endif
