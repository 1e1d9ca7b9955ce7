# Includes go one way. Each row: a folder, and what its files may not include.
set(rows
  "core/base|\"(core/(contract|lang|signing|scheduler|blob|operations|workflow|backend|change|service|host|store)|backends|emulator|cli)"
  "core/contract|\"(core/(lang|signing|scheduler|blob|operations|workflow|backend|change|service|host|store)|backends|emulator|cli)"
  "core/lang|\"(core/(signing|scheduler|blob|operations|workflow|backend|change|service|host|store)|backends|emulator|cli)"
  "core/signing|\"(core/(lang|scheduler|blob|operations|workflow|backend|change|service|host|store)|backends|emulator|cli)"
  "core/scheduler|\"(core/(contract|lang|signing|blob|operations|workflow|backend|change|service|host|store)|backends|emulator|cli)|nlohmann"
  "core/blob|\"(core/(scheduler|operations|workflow|change|service)|backends|emulator|cli)"
  "core/workflow|\"(core/(scheduler|operations|change|service|host|store)|backends|emulator|cli)"
  "core|\"(backends|emulator|cli)/|<(thread|mutex|atomic|condition_variable|fstream|filesystem|sqlite3|SQLiteCpp|curl|boost/(asio|beast|process)|sys/|unistd)|system_clock::now|steady_clock::now|random_device"
  "backends/loaded|\"(core/(contract|lang|signing|scheduler|blob|operations|workflow|backend|change|service|host|store)|backends/(system|http|azure|local)|emulator|cli)"
  "backends/system|\"(core/(contract|lang|signing|scheduler|blob|operations|workflow|backend|change|service|host|store)|backends/local|emulator|cli)"
  "backends/http|\"(core/(contract|lang|signing|scheduler|blob|operations|workflow|backend|change|service|host|store)|backends/(local|azure)|emulator|cli)"
  "backends/azure|\"(core/(scheduler|operations|workflow|change|service|host|store)|backends/local|emulator|cli)"
  "backends/local|\"backends/azure"
  "backends|\"(emulator|cli)/"
  "emulator|\"(backends/(local|azure|http)|cli)/")
set(failures "")
foreach(row IN LISTS rows)
  string(FIND "${row}" "|" cut)
  string(SUBSTRING "${row}" 0 ${cut} folder)
  math(EXPR after "${cut} + 1")
  string(SUBSTRING "${row}" ${after} -1 forbidden)
  file(GLOB_RECURSE files "${ROOT}/${folder}/*.h" "${ROOT}/${folder}/*.cc")
  list(FILTER files EXCLUDE REGEX "core/precompiled\\.h$|core/contract/generate\\.cc$")
  foreach(file IN LISTS files)
    file(STRINGS "${file}" hits REGEX "${forbidden}")
    list(FILTER hits INCLUDE REGEX "#include|_clock::now|random_device")
    foreach(hit IN LISTS hits)
      file(RELATIVE_PATH name "${ROOT}" "${file}")
      string(APPEND failures "\n  ${name}: ${hit}")
    endforeach()
  endforeach()
endforeach()
if(failures)
  message(FATAL_ERROR "a folder reaches where it may not (docs/architecture.md, Layers):${failures}")
endif()
