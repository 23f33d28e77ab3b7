# tael_web(): the target `web` bundles web/ into build/…/web/dist with the versions that web/package-lock.json names. It works on a
# copy, so that builds don't share a folder and the source stays clean. Without Node.js and npm, or with TAEL_WEB off, there
# is no such target, and `tael serve` says that it has no page; so it does when the packages can't be fetched, which each
# build then tries again.
find_program(TAEL_NODE node)
find_program(TAEL_NPM npm)
set(web_default OFF)
if(TAEL_NODE AND TAEL_NPM AND NOT TAEL_SANITIZE AND NOT TAEL_FUZZ)
    set(web_default ON)
endif()
option(TAEL_WEB "build the page (needs Node.js, npm and their registry once)" ${web_default})

function(tael_web)
    if(NOT TAEL_WEB)
        return()
    endif()
    set(from ${PROJECT_SOURCE_DIR}/web)
    set(to ${PROJECT_BINARY_DIR}/web)
    set(packages ${from}/package.json ${from}/package-lock.json)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${from}/src/*)
    add_custom_command(OUTPUT ${to}/installed
        COMMAND ${CMAKE_COMMAND} -E make_directory ${to}
        COMMAND ${CMAKE_COMMAND} -E copy ${packages} ${from}/.npmrc ${to}
        COMMAND ${CMAKE_COMMAND} -E chdir ${to} sh ${from}/install.sh ${TAEL_NPM}
        DEPENDS ${packages} VERBATIM COMMENT "the page's packages (-DTAEL_WEB=OFF builds without the page)")
    add_custom_command(OUTPUT ${to}/dist/index.html
        COMMAND ${CMAKE_COMMAND} -E rm -rf ${to}/src
        COMMAND ${CMAKE_COMMAND} -E copy_directory ${from}/src ${to}/src
        COMMAND ${CMAKE_COMMAND} -E copy ${from}/build.mjs ${to}
        COMMAND ${CMAKE_COMMAND} -E chdir ${to} sh -c "[ ! -f installed ] || ${TAEL_NODE} build.mjs"
        DEPENDS ${to}/installed ${from}/build.mjs ${sources} VERBATIM COMMENT "the page's bundle")
    add_custom_target(web DEPENDS ${to}/dist/index.html)
endfunction()
