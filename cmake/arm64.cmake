# Cross-build for ARM64 with Debian's compiler; tests run under qemu. Only the rooms that need no foreign library are built.
# -DTAEL_CROSS_CLANG=ON takes clang, which is what phones' toolchains are made of.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TAEL_CROSS_CLANG)
if(TAEL_CROSS_CLANG)
    set(CMAKE_C_COMPILER clang)
    set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu)
    set(CMAKE_EXE_LINKER_FLAGS_INIT -fuse-ld=lld)
else()
    set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
endif()
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)
set(TAEL_KERNELS_ONLY ON)
