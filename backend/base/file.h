/* Whole files. */
#ifndef JC_BASE_FILE_H
#define JC_BASE_FILE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"

/* Reads at most max_bytes; a longer file is JC_RESOURCE_EXHAUSTED. The text is the arena's. */
enum jc_code jc_file_read(const char *path, size_t max_bytes, struct jc_arena *arena, struct jc_str *out,
                          struct jc_err *err);
/* SHA-256 of a file of any size. */
enum jc_code jc_file_sha256(const char *path, uint8_t sha256[JC_SHA256_SIZE], struct jc_err *err);
/* The same of an open file, from where it stands; false with errno. */
bool jc_file_sha256_of(int fd, uint8_t sha256[JC_SHA256_SIZE]);
/* Copies a file of any size the way jc_file_write writes, and says what its SHA-256 is. */
enum jc_code jc_file_copy(const char *from, const char *path, unsigned mode, uint8_t sha256[JC_SHA256_SIZE],
                          struct jc_err *err);
/* Writes beside, fsyncs, renames over `path`, fsyncs the folder: a reader sees the old or the new. */
enum jc_code jc_file_write(const char *path, struct jc_str bytes, unsigned mode, struct jc_err *err);
/* Makes a rename or removal in the folder of `path` durable. False with errno set. */
bool jc_file_sync_folder(const char *path);

#endif
