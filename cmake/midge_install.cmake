# What `cmake --install` puts where, apart from the programs (apps/CMakeLists.txt): the client
# library with its headers, CMake package and pkg-config file, the shell completion and the licence.
# Included last: which libraries the client stands on is read off the targets.
include(CMakePackageConfigHelpers)

# The libraries that TARGET stands on, itself first, each before those it needs (as linkers want
# it); and separately what of others' libraries they link.
function(midge_link_closure target ours_name others_name)
  set(waiting ${target})
  set(ours "")
  set(others "")
  while(waiting)
    list(POP_FRONT waiting next)
    list(REMOVE_ITEM ours ${next})  # Once more behind whoever named it last.
    list(APPEND ours ${next})
    get_target_property(links ${next} INTERFACE_LINK_LIBRARIES)
    foreach(link IN LISTS links)
      string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" link "${link}")
      if(link MATCHES "^midge_")
        list(APPEND waiting ${link})
      elseif(link)
        list(APPEND others ${link})
      endif()
    endforeach()
  endwhile()
  list(REMOVE_DUPLICATES others)
  set(${ours_name} ${ours} PARENT_SCOPE)
  set(${others_name} ${others} PARENT_SCOPE)
endfunction()

# How a program that uses the installed library finds one of others' libraries again.
function(midge_dependency library)
  set(cmake "")
  set(requires "")
  set(link "")
  if(library MATCHES "^PkgConfig::(.*)$")
    set(prefix ${CMAKE_MATCH_1})
    set(requires ${${prefix}_MODULE_NAME})
    set(cmake "find_dependency(PkgConfig)"
        "pkg_check_modules(${prefix} REQUIRED IMPORTED_TARGET ${requires})")
  elseif(library MATCHES "^OpenSSL::(.*)$")
    set(cmake "find_dependency(OpenSSL 3)")
    string(TOLOWER lib${CMAKE_MATCH_1} requires)
  elseif(library STREQUAL "Threads::Threads")
    set(cmake "find_dependency(Threads)")
    set(link -pthread)
  elseif(library MATCHES "^absl::(.*)$")
    set(cmake "find_dependency(absl)")
    set(requires absl_${CMAKE_MATCH_1})
  elseif(library MATCHES "^([a-z0-9_]+)::([a-z0-9_]+)$")
    set(cmake "find_dependency(${CMAKE_MATCH_1})")
    set(requires ${CMAKE_MATCH_2})
  else()
    message(FATAL_ERROR "cmake/midge_install.cmake does not know how users of the client library "
                        "find ${library}: say it in midge_dependency()")
  endif()
  set(dependency_cmake "${cmake}" PARENT_SCOPE)
  set(dependency_requires "${requires}" PARENT_SCOPE)
  set(dependency_link "${link}" PARENT_SCOPE)
endfunction()

function(midge_install_client)
  midge_link_closure(midge_client ours others)
  set(libs "")
  set(packages "")
  set(requires "")
  foreach(target IN LISTS ours)
    string(REPLACE "midge_" "" name ${target})
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
    install(TARGETS ${target} EXPORT MidgeTargets ARCHIVE COMPONENT development)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
      list(APPEND libs -l${target})
    endif()
    if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/src/${name})
      install(DIRECTORY src/${name} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/midge
              COMPONENT development FILES_MATCHING PATTERN "*.h" PATTERN "*_test.h" EXCLUDE)
    endif()
  endforeach()
  foreach(library IN LISTS others)
    midge_dependency(${library})
    list(APPEND packages ${dependency_cmake})
    list(APPEND requires ${dependency_requires})
    list(APPEND libs ${dependency_link})
  endforeach()
  list(REMOVE_DUPLICATES packages)
  list(JOIN packages "\n" MIDGE_DEPENDENCIES)
  list(JOIN requires ", " MIDGE_PC_REQUIRES)
  list(JOIN libs " " MIDGE_PC_LIBS)
  midge_install_package_files()
endfunction()

# A macro: it reads what its caller has set.
macro(midge_install_package_files)
  set(folder ${CMAKE_INSTALL_LIBDIR}/cmake/Midge)
  set(made ${PROJECT_BINARY_DIR}/package)
  # From where the file lies, so that `cmake --install --prefix` may move the whole.
  file(RELATIVE_PATH up ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
  string(REGEX REPLACE "/$" "" up ${up})
  set(MIDGE_PC_PREFIX "\${pcfiledir}/${up}")
  cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY "\${prefix}"
             OUTPUT_VARIABLE MIDGE_PC_LIBDIR)
  cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_INCLUDEDIR BASE_DIRECTORY "\${prefix}"
             OUTPUT_VARIABLE MIDGE_PC_INCLUDEDIR)
  string(APPEND MIDGE_PC_INCLUDEDIR /midge)
  configure_package_config_file(cmake/MidgeConfig.cmake.in ${made}/MidgeConfig.cmake
                                INSTALL_DESTINATION ${folder})
  write_basic_package_version_file(${made}/MidgeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  configure_file(cmake/midge.pc.in ${made}/midge.pc @ONLY)
  install(EXPORT MidgeTargets NAMESPACE Midge:: DESTINATION ${folder} COMPONENT development)
  install(FILES ${made}/MidgeConfig.cmake ${made}/MidgeConfigVersion.cmake DESTINATION ${folder}
          COMPONENT development)
  install(FILES ${made}/midge.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
          COMPONENT development)
endmacro()

# bash loads a completion by the name of the command, so each name needs a file of its own.
function(midge_install_completion)
  set(folder ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  foreach(name midge mosquitto mosquitto_pub mosquitto_sub mosquitto_passwd)
    install(FILES packaging/completion/midge.bash DESTINATION ${folder} RENAME ${name}
            COMPONENT programs)
  endforeach()
endfunction()

midge_install_client()
midge_install_completion()
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR}
        COMPONENT programs OPTIONAL)

if(MIDGE_TESTS AND NOT MIDGE_SANITIZE)
  add_test(NAME install_test
    COMMAND ${PROJECT_SOURCE_DIR}/packaging/install_test/run.sh ${PROJECT_BINARY_DIR})
  set_tests_properties(install_test PROPERTIES TIMEOUT 300)
  add_test(NAME completion_test
    COMMAND ${PROJECT_SOURCE_DIR}/packaging/completion/test.sh $<TARGET_FILE:midge>)
endif()
