/* The store of a sim: it stands before another one, fails when told (sim_fail), and has the core
 * evaluate what is to happen while the disk syncs (sim_ask_meanwhile). */
#ifndef SIM_STORE_H
#define SIM_STORE_H

#include "sim/sim.h"

/* Open the one behind, of the sim's kind. */
void sim_store_open(struct sim *sim);

#endif
