# Manual pages, made from what the programs say of themselves: midge.conf(5) from the options' declarations, one page
# a command from its --help.
find_program(MIDGE_PYTHON python3)
if(NOT MIDGE_PYTHON)
  message(STATUS "No python3: no manual pages")
  return()
endif()

set(man_folder ${PROJECT_BINARY_DIR}/man)
file(MAKE_DIRECTORY ${man_folder})
set(man_pages ${man_folder}/midge.conf.5)
add_custom_command(OUTPUT ${man_folder}/midge.conf.5
  COMMAND midge_gen_docs --man > ${man_folder}/midge.conf.5 DEPENDS midge_gen_docs VERBATIM)

function(midge_man command summary)
  set(page ${man_folder}/midge-${command}.1)
  add_custom_command(OUTPUT ${page}
    COMMAND $<TARGET_FILE:midge> help ${command} | ${MIDGE_PYTHON} ${PROJECT_SOURCE_DIR}/tools/make_man.py
            midge-${command} ${summary} > ${page}
    DEPENDS midge ${PROJECT_SOURCE_DIR}/tools/make_man.py VERBATIM)
  set(man_pages ${man_pages} ${page} PARENT_SCOPE)
endfunction()

midge_man(broker "an MQTT broker")
midge_man(pub "publish messages to an MQTT broker")
midge_man(sub "subscribe to an MQTT broker and print what comes")
midge_man(passwd "make and edit password files")
add_custom_target(man ALL DEPENDS ${man_pages})

foreach(page IN LISTS man_pages)
  cmake_path(GET page EXTENSION LAST_ONLY section)
  string(REPLACE "." "" section ${section})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT programs)
endforeach()
