# tael_page(ROOM FOLDER): the files of FOLDER, the built page, become tael__page_files[] of that room (src/serve/page.h):
# index.html as it is, under "/"; the others gzip-encoded, under their own paths. A folder that isn't there gives a program
# without a page. With a target `web`, which builds the page, they are read after it: index.html names all others, so it
# changes whenever one does.
set(TAEL_PAGE_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(tael_page room folder)
    set(made ${PROJECT_BINARY_DIR}/embedded/page_files.c)
    set(files "")
    if(TARGET web)
        set(files ${folder}/index.html)
    endif()
    add_custom_command(OUTPUT ${made}
        COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} -DMADE=${made} -P ${TAEL_PAGE_SCRIPT}
        DEPENDS ${TAEL_PAGE_SCRIPT} ${files} VERBATIM
        COMMENT "the page")
    target_sources(objects_${room} PRIVATE ${made})
endfunction()

if(NOT CMAKE_SCRIPT_MODE_FILE)
    return()
endif()

set(types ".html" "text/html; charset=utf-8" ".js" "text/javascript; charset=utf-8" ".css" "text/css; charset=utf-8"
    ".svg" "image/svg+xml" ".png" "image/png" ".ico" "image/x-icon" ".woff2" "font/woff2" ".json" "application/json"
    ".webmanifest" "application/manifest+json")
find_program(GZIP gzip REQUIRED)
file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT files)
set(arrays "")
set(rows "")
set(n 0)
foreach(file IN LISTS files)
    get_filename_component(ending ${file} LAST_EXT)
    list(FIND types "${ending}" at)
    if(at LESS 0) # source maps and their like stay out
        continue()
    endif()
    math(EXPR at "${at} + 1")
    list(GET types ${at} type)
    file(SHA256 ${FOLDER}/${file} digest)
    string(SUBSTRING ${digest} 0 24 digest)
    if(file STREQUAL "index.html")
        set(path "/")
        file(READ ${FOLDER}/${file} hex HEX)
    else()
        set(path "/${file}")
        execute_process(COMMAND ${GZIP} -9 -n -c ${FOLDER}/${file} OUTPUT_FILE ${MADE}.gz COMMAND_ERROR_IS_FATAL ANY)
        file(READ ${MADE}.gz hex HEX)
        file(REMOVE ${MADE}.gz)
    endif()
    string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(APPEND arrays "static const unsigned char file_${n}[] = {\n${bytes}\n};\n")
    string(APPEND rows "    {\"${path}\", \"${type}\", \"\\\"${digest}\\\"\", file_${n}, sizeof file_${n}},\n")
    math(EXPR n "${n} + 1")
endforeach()
file(WRITE ${MADE} "#include \"serve/page.h\"\n\n${arrays}\nconst tael__page_file tael__page_files[] = {\n${rows}    {NULL, NULL, NULL, NULL, 0},\n};\n")
