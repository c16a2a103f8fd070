/* Photos that inspectors take: files on their terminal, durable before anybody knows of them (the camera is not ours).
 * Some motifs are taken by several people, byte for byte, as copies that go from hand to hand are. */
#ifndef JC_SIM_CAMERA_H
#define JC_SIM_CAMERA_H

#include "sim/sim_terminal.h"

/* Adds photos to a record, and where they lie; none if luck has it so. The arena's. */
void sim_camera_add(struct sim_terminal *terminal, struct sim_random *random, struct jc_arena *arena,
                    Jc__Inspection *inspection, const struct jc_str **paths);

#endif
