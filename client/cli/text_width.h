#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace assay::cli {

// Columns that UTF-8 `text` takes in a terminal: 2 for East Asian wide characters and emoji, 0 for
// combining marks, 1 for anything else. Escape sequences for colour count as nothing.
std::size_t DisplayWidth(std::string_view text);

// `text` cut to at most `width` columns, with `…` for what is missing.
std::string Shortened(std::string_view text, std::size_t width);

// The same with the `…` inside, so that the end stays too: of metrics it tells p50 from p95.
std::string ShortenedInside(std::string_view text, std::size_t width);

// `text` with blanks added up to `width` columns.
std::string PaddedRight(std::string_view text, std::size_t width);
std::string PaddedLeft(std::string_view text, std::size_t width);

// `text` fit for one line of a terminal: line breaks and tabs become blanks, other control
// characters and malformed bytes `?`. Text from data passes here, so that it cannot send escape
// sequences.
std::string OneLine(std::string_view text);

// `text` with the few marks that our own texts hold, `µ` and `…`, in ASCII of the same width.
std::string WithAsciiMarks(std::string text);

// `text` broken at blanks into lines of at most `width` columns, each behind `indent` blanks.
std::string Wrapped(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace assay::cli
