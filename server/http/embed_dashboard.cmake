# The bundle in client/dashboard/dist as objects of the program: each file as it is and gzipped.
# embed_dashboard(OUTPUT_VARIABLE) gives the source file to compile.
function(embed_dashboard output)
  set(dist ${PROJECT_SOURCE_DIR}/client/dashboard/dist)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${dist} ${dist}/*)
  list(SORT files)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/embedded_dashboard.cc)
  set(blobs "")
  set(externs "")
  set(entries "")
  set(depends "")
  set(number 0)
  foreach(file IN LISTS files)
    set(gzip ${CMAKE_CURRENT_BINARY_DIR}/dashboard/${file}.gz)
    get_filename_component(folder ${gzip} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(OUTPUT ${gzip} COMMAND gzip -9 -n -c ${dist}/${file} > ${gzip}
                       DEPENDS ${dist}/${file})
    foreach(form plain gzip)
      set(symbol assay_dashboard_${form}_${number})
      if(form STREQUAL plain)
        set(path ${dist}/${file})
      else()
        set(path ${gzip})
      endif()
      string(APPEND blobs
        "asm(\".section .rodata\\n.global ${symbol}_begin\\n${symbol}_begin:\\n\"\n"
        "    \".incbin \\\"${path}\\\"\\n.global ${symbol}_end\\n${symbol}_end:\\n.byte 0\\n.previous\\n\");\n")
      string(APPEND externs "extern const char ${symbol}_begin[], ${symbol}_end[];\n")
      list(APPEND depends ${path})
    endforeach()
    string(APPEND entries
      "    {\"/${file}\", Between(assay_dashboard_plain_${number}_begin, assay_dashboard_plain_${number}_end),\n"
      "     Between(assay_dashboard_gzip_${number}_begin, assay_dashboard_gzip_${number}_end)},\n")
    math(EXPR number "${number} + 1")
  endforeach()
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"// Made from client/dashboard/dist by embed_dashboard.cmake.
#include \"server/http/dashboard.h\"

${blobs}
extern \"C\" {
${externs}}

namespace assay::http {
namespace {

std::string_view Between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

std::span<const EmbeddedFile> EmbeddedDashboard() {
  static const EmbeddedFile kFiles[] = {
${entries}  };
  return kFiles;
}

}  // namespace assay::http
")
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${depends}")
  set(${output} ${source} PARENT_SCOPE)
endfunction()
