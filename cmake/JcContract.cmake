# A header for tests that go over the whole contract: what proto/ declares, so that a new message cannot
# be forgotten.
#   #include "jc_contract.inc"    the headers of all files
#   JC_CONTRACT_MESSAGES          {&jc__unit__descriptor, &jc__team__descriptor, …}
#   JC_CONTRACT_SERVICES          {&jc__sync_service__descriptor, …}
include_guard(GLOBAL)

function(jc_contract_list root)
  file(GLOB protos RELATIVE "${root}" CONFIGURE_DEPENDS "${root}/jiancha/v1/*.proto")
  set(includes "")
  set(messages "")
  set(services "")
  foreach(proto IN LISTS protos)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${root}/${proto}")
    string(REGEX REPLACE "\\.proto$" ".pb-c.h" header "${proto}")
    string(APPEND includes "#include \"${header}\"\n")
    file(STRINGS "${root}/${proto}" lines REGEX "^(message|service) [A-Za-z0-9]+")
    foreach(line IN LISTS lines)
      string(REGEX MATCH "^(message|service) ([A-Za-z0-9]+)" found "${line}")
      set(kind "${CMAKE_MATCH_1}s")
      string(REGEX REPLACE "([A-Z])" "_\\1" name "${CMAKE_MATCH_2}")
      string(TOLOWER "${name}" name)
      string(APPEND ${kind} "    &jc_${name}__descriptor, \\\n")
    endforeach()
  endforeach()
  file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/generated/jc_contract.inc" CONTENT
       "${includes}\n#define JC_CONTRACT_MESSAGES { \\\n${messages}}\n#define JC_CONTRACT_SERVICES { \\\n${services}}\n"
       @ONLY)
endfunction()
