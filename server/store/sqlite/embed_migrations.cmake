# Writes a C++ file that holds migration texts: cmake -DFUNCTION=... -DFILES=a.sql,b.sql -DOUTPUT=...
# File names are NNNN_name.sql, numbered from 0001 without gaps.
string(REPLACE "," ";" files "${FILES}")
set(arrays "")
set(entries "")
set(number 0)
foreach(file IN LISTS files)
  math(EXPR number "${number} + 1")
  get_filename_component(stem "${file}" NAME_WE)
  if(NOT stem MATCHES "^([0-9][0-9][0-9][0-9])_([a-z_]+)$")
    message(FATAL_ERROR "${file}: not NNNN_name.sql")
  endif()
  set(name "${CMAKE_MATCH_2}")
  math(EXPR stated "1${CMAKE_MATCH_1} - 10000")
  if(NOT stated EQUAL number)
    message(FATAL_ERROR "${file}: expected number ${number}")
  endif()
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "(..)" "\\\\x\\1" text "${hex}")
  string(REPEAT "." 64 line)  # 16 bytes
  string(REGEX REPLACE "(${line})" "\\1\"\n    \"" text "${text}")
  string(APPEND arrays "constexpr std::string_view kText${number} =\n    \"${text}\";\n")
  string(APPEND entries "    {${number}, \"${name}\", kText${number}},\n")
endforeach()
file(WRITE "${OUTPUT}" "// Made from migrations/sqlite by embed_migrations.cmake.
#include \"server/store/sqlite/migrate.h\"

namespace assay::store {
namespace {
${arrays}
constexpr Migration kMigrations[] = {
${entries}};
}  // namespace

std::span<const Migration> ${FUNCTION}() { return kMigrations; }

}  // namespace assay::store
")
