// SPDX-License-Identifier: Apache-2.0
/* What the device says of itself is there and possible. A bandwidth far off (bits for bytes, one pass for all) falls
 * out of the range that any machine from a phone to a server has. */
#include "support.h"

#include <string.h>
#include <tael/device.h>

static void the_device_is_described(void **state)
{
    (void)state;
    tael_device device = {.size = sizeof device, .bandwidth_gbs = 5};
    assert_ok(tael_device_inspect(&device, false));
    assert_true(device.size == sizeof device);
    assert_non_null(device.isa);
    assert_true(strlen(device.isa) > 0);
    assert_in_range(device.cores, 1, 64);
    assert_true(device.memory_bytes > (uint64_t)64 << 20);
    assert_true(device.available_bytes > 0 && device.available_bytes <= device.memory_bytes);
    assert_true(device.bandwidth_gbs == 0);
}

static void bandwidth_is_measured_when_asked(void **state)
{
    (void)state;
    tael_device device = {.size = sizeof device};
    assert_ok(tael_device_inspect(&device, true));
    print_message("%s, %u cores, %.1f GB/s\n", device.isa, device.cores, device.bandwidth_gbs);
    assert_true(device.bandwidth_gbs > 0.05 && device.bandwidth_gbs < 5000);
}

static void a_size_left_out_is_misuse(void **state)
{
    (void)state;
    tael_device device = {0};
    assert_status(tael_device_inspect(&device, false), TAEL_MISUSE);
    assert_status(tael_device_inspect(NULL, false), TAEL_MISUSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_device_is_described),
        cmocka_unit_test(bandwidth_is_measured_when_asked),
        cmocka_unit_test(a_size_left_out_is_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
