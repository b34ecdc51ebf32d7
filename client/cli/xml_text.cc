#include "client/cli/xml_text.h"

#include <cstddef>

#include "client/cli/text_width.h"

namespace assay::cli {
namespace {

// A surrogate, U+FFFE or U+FFFF in UTF-8, which XML 1.0 leaves out of its characters (section 2.2).
bool IsNoCharacter(std::string_view text) {
  return text.size() >= 3 && ((text[0] == '\xED' && (text[1] & '\xE0') == '\xA0') ||
                              (text.starts_with("\xEF\xBF") && (text[2] & '\xFE') == '\xBE'));
}

}  // namespace

std::string XmlText(std::string_view text) {
  const std::string line = OneLine(text);
  std::string escaped;
  for (std::size_t i = 0; i < line.size(); ++i) {
    switch (line[i]) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        if (IsNoCharacter(std::string_view(line).substr(i))) {
          escaped += "\xEF\xBF\xBD";
          i += 2;
        } else {
          escaped += line[i];
        }
    }
  }
  return escaped;
}

}  // namespace assay::cli
