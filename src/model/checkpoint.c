// SPDX-License-Identifier: Apache-2.0
#include "model/quantize_internal.h"
bool tael__is_checkpoint(const char *path)
{
    (void)path;
    return false;
}
tael_status tael__source_of_checkpoint(tael__quantize_source *source, const char *path)
{
    (void)source;
    return tael__fail(TAEL_UNSUPPORTED, "%s", path);
}
void tael__checkpoint_close(struct tael__checkpoint *checkpoint)
{
    (void)checkpoint;
}
