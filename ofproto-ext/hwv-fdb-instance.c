/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-fdb-instance.h"

#include "hwv-fdb.h"
#include "hwv-fdb-cmd.h"
#include "hwv-fdb-config.h"
#include "hwv-fdb-kernel.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"

static struct hwv_fdb *fdb;

void
hwv_fdb_register(void)
{
    fdb = hwv_fdb_create(time_msec);
    hwv_fdb_kernel_init(fdb);
    hwv_fdb_cmd_register();
}

struct hwv_fdb *
hwv_fdb_instance(void)
{
    return fdb;
}

void
hwv_fdb_instance_run(void)
{
    hwv_fdb_kernel_run();
    hwv_fdb_run(fdb);
}

void
hwv_fdb_instance_wait(void)
{
    hwv_fdb_kernel_wait();
    poll_timer_wait_until(hwv_fdb_next_run(fdb));
}

void
hwv_fdb_instance_exit(void)
{
    hwv_fdb_config_exit();
    hwv_fdb_kernel_exit();
    hwv_fdb_destroy(fdb);
    fdb = NULL;
}
