# tael_embed(ROOM FILE SYMBOL): the bytes of FILE become `const unsigned char SYMBOL[]` and `const size_t SYMBOL_bytes`
# of that room. Changing FILE runs CMake again by itself.
function(tael_embed room file symbol)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${file})
    file(READ ${PROJECT_SOURCE_DIR}/${file} hex HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    set(made ${PROJECT_BINARY_DIR}/embedded/${symbol}.c)
    file(CONFIGURE OUTPUT ${made} CONTENT
        "#include <stddef.h>\nextern const unsigned char @symbol@[];\nextern const size_t @symbol@_bytes;\nconst unsigned char @symbol@[] = {\n@bytes@};\nconst size_t @symbol@_bytes = sizeof @symbol@;\n" @ONLY)
    target_sources(objects_${room} PRIVATE ${made})
endfunction()
