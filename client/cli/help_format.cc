#include "client/cli/help_format.h"

#include <CLI/CLI.hpp>
#include <sstream>
#include <string>

#include "client/cli/text_width.h"

namespace assay::cli {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kNameWidth = 28;

class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() {
    column_width(kNameWidth);
    label("TEXT", "VALUE");
    label("INT", "N");
    label("FLOAT", "X");
    label("REQUIRED", "(required)");
  }

  std::string make_description(const CLI::App* app) const override {
    return Wrapped(app->get_description(), kWidth, 0) + "\n";
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    std::string text = Wrapped(option->get_description(), kWidth - kNameWidth, 0);
    text.pop_back();
    return text;
  }

  std::string make_subcommand(const CLI::App* command) const override {
    const std::string description = command->get_description();
    std::ostringstream out;
    CLI::detail::format_help(out, command->get_display_name(true),
                             description.substr(0, description.find('\n')), kNameWidth);
    return out.str();
  }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> MakeHelpFormatter() {
  return std::make_shared<HelpFormatter>();
}

}  // namespace assay::cli
