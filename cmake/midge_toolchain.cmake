# Language level, warnings, sanitizers, ccache and linker: what every target of Midge is built with.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, RelWithDebInfo or Debug" FORCE)
endif()

set(MIDGE_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize= (address,undefined or thread)")
option(MIDGE_WERROR "Warnings are errors" ON)

find_program(MIDGE_CCACHE ccache)
if(MIDGE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${MIDGE_CCACHE})
endif()
foreach(linker mold lld)
  find_program(MIDGE_LINKER_${linker} ld.${linker})
  if(MIDGE_LINKER_${linker})
    add_link_options(-fuse-ld=${linker})
    break()
  endif()
endforeach()

add_library(midge_options INTERFACE)
target_compile_options(midge_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wimplicit-fallthrough -Wswitch-enum
  $<$<BOOL:${MIDGE_WERROR}>:-Werror>)
target_include_directories(midge_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(midge_options INTERFACE MIDGE_VERSION="${PROJECT_VERSION}")
if(MIDGE_SANITIZE)
  target_compile_options(midge_options INTERFACE
    -fsanitize=${MIDGE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(midge_options INTERFACE -fsanitize=${MIDGE_SANITIZE})
else()
  target_link_options(midge_options INTERFACE $<$<CONFIG:Release>:-Wl,--gc-sections>)
  target_compile_options(midge_options INTERFACE
    $<$<CONFIG:Release>:-ffunction-sections;-fdata-sections>)
endif()
