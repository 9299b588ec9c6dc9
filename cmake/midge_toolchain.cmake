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
# For the simulator's proofs only (docs/simulator.md).
option(MIDGE_PLANTED_BUGS "Build bugs in that can be switched on one at a time" OFF)
option(MIDGE_PROBES "Count how often rare paths are taken" OFF)

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

# Warnings, paths and sanitizers are this build's own: users of the installed library get none.
set(warnings
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wimplicit-fallthrough -Wswitch-enum
  # g++ 12 sees overlaps where std::string is assigned a literal (its bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<BOOL:${MIDGE_WERROR}>:-Werror>)
if(MIDGE_SANITIZE)
  set(flavour -fsanitize=${MIDGE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  set(flavour_link -fsanitize=${MIDGE_SANITIZE})
else()
  set(flavour $<$<CONFIG:Release>:-ffunction-sections> $<$<CONFIG:Release>:-fdata-sections>)
  set(flavour_link $<$<CONFIG:Release>:-Wl,--gc-sections>)
endif()

add_library(midge_options INTERFACE)
target_compile_features(midge_options INTERFACE cxx_std_20)
target_compile_options(midge_options INTERFACE "$<BUILD_INTERFACE:${warnings};${flavour}>")
target_link_options(midge_options INTERFACE "$<BUILD_INTERFACE:${flavour_link}>")
target_include_directories(midge_options INTERFACE
  "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>" "$<INSTALL_INTERFACE:include/midge>")
target_compile_definitions(midge_options INTERFACE
  $<BUILD_INTERFACE:$<$<BOOL:${MIDGE_PLANTED_BUGS}>:MIDGE_PLANTED_BUGS>>
  $<BUILD_INTERFACE:$<$<BOOL:${MIDGE_PROBES}>:MIDGE_PROBES>>
  "$<BUILD_INTERFACE:MIDGE_VERSION=\"${PROJECT_VERSION}\">")
