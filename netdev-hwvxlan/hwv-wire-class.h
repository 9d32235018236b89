/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_WIRE_CLASS_H
#define HWV_WIRE_CLASS_H 1

/* Wire classes
 * ============
 *
 * What there is to know about each value of options:wire.
 *
 * Thread-safety: all of it is constant. */

#include <stdbool.h>

struct ds;

struct hwv_wire_class {
    const char *name;           /* Value of options:wire. */
    const char *netdev_type;    /* Type of the wire's netdev. */
    const char *suffix;         /* That the netdev's name has behind the
                                 * port's; NULL: it is the name of a kernel
                                 * device. */
    const char *device;         /* Option that says which device it is, and
                                 * must be there, or NULL. */
    const char *device_help;    /* What its value is. */

    /* Options that the netdev may have, with NULL at the end; see
     * ovs-vswitchd.conf.db(5). */
    const char *const *options;

    /* More of them, for tests, or NULL: ovs-vswitchd --enable-dummy puts
     * dummies in the place of kernel devices. */
    const char *const *test_options;
};

/* All classes, the default first, with NULL at the end. */
extern const struct hwv_wire_class *const hwv_wire_classes[];

/* Returns the class called 'name', or NULL if there is none. */
const struct hwv_wire_class *hwv_wire_class_find(const char *name);

/* Does the netdev of 'class' have an option called 'key'? */
bool hwv_wire_class_has_option(const struct hwv_wire_class *class,
                               const char *key);

/* Is 'key' one of 'options', which have NULL at the end? */
bool hwv_options_contain(const char *const options[], const char *key);

/* Adds to 's' the names of the classes that have an option called 'key', not
 * only for tests, with commas between; of all classes if 'key' is NULL. */
void hwv_wire_class_format_names(const char *key, struct ds *s);

/* Returns why a netdev of 'class' could not be opened, and what helps: 'error'
 * is netdev_open()'s. */
const char *hwv_wire_class_explain_error(const struct hwv_wire_class *class,
                                         int error);

#endif /* hwv-wire-class.h */
