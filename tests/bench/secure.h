/* A real server with one terminal, with or without TLS, for programs that measure connections. As in bench/fleet.h,
 * whatever goes wrong ends the program. */
#ifndef JC_BENCH_SECURE_H
#define JC_BENCH_SECURE_H

#include "bench/fleet.h"

/* A fresh database in the folder, and a certificate that signs itself (ECDSA, P-256). */
struct jc_fleet_server jc_secure_serve(const char *program, const char *dir);
struct jc_fleet_server jc_secure_serve_plain(const char *program, const char *dir);

/* As many file descriptors as this process may have; the server inherits that. */
void jc_secure_raise_files(void);

#endif
