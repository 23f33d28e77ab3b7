# What Tael links with, found by pkg-config. docs/DEPENDENCIES.md says why each is here; scripts/setup installs them.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(CURL REQUIRED libcurl)
add_library(curl_headers INTERFACE IMPORTED) # the library is loaded when something is fetched (src/net/curl.h)
set_target_properties(curl_headers PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${CURL_INCLUDE_DIRS}"
                                              INTERFACE_LINK_LIBRARIES "${CMAKE_DL_LIBS}")
pkg_check_modules(MICROHTTPD REQUIRED libmicrohttpd>=0.9.75)
add_library(microhttpd_headers INTERFACE IMPORTED) # loaded when `tael serve` begins (src/serve/microhttpd.h)
set_target_properties(microhttpd_headers PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${MICROHTTPD_INCLUDE_DIRS}"
                                                    INTERFACE_LINK_LIBRARIES "${CMAKE_DL_LIBS}")
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(EXPAT REQUIRED IMPORTED_TARGET expat)
pkg_check_modules(SQLCIPHER REQUIRED IMPORTED_TARGET sqlcipher>=3.46) # the .pc tells the SQLite version: 3.46 is SQLCipher 4.6

# Debian's libutf8proc-dev carries no .pc file in version 12.
find_library(UTF8PROC_LIBRARY utf8proc REQUIRED)
find_path(UTF8PROC_INCLUDE utf8proc.h REQUIRED)
add_library(utf8proc INTERFACE IMPORTED)
set_target_properties(utf8proc PROPERTIES INTERFACE_LINK_LIBRARIES "${UTF8PROC_LIBRARY}"
                                          INTERFACE_INCLUDE_DIRECTORIES "${UTF8PROC_INCLUDE}")
