/* Whole files. */
#ifndef JC_BASE_FILE_H
#define JC_BASE_FILE_H

#include "base/arena.h"
#include "base/err.h"

/* Reads at most max_bytes; a longer file is JC_RESOURCE_EXHAUSTED. The text is the arena's. */
enum jc_code jc_file_read(const char *path, size_t max_bytes, struct jc_arena *arena, struct jc_str *out,
                          struct jc_err *err);
/* Writes beside, fsyncs, renames over `path`, fsyncs the folder: a reader sees the old or the new. */
enum jc_code jc_file_write(const char *path, struct jc_str bytes, unsigned mode, struct jc_err *err);

#endif
