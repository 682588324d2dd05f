// What a system installs beside a program, made from the same Usage as its --help: its page of the manual,
// and its completions for shells.
#pragma once

#include <string>
#include <string_view>

#include "common/cli/command_line.h"

namespace pq::cli {

// In troff's man macros. `date` is the build's, such as "2026-12-01", or empty.
std::string manual_page(const Usage& usage, std::string_view date);

// For bash 4.4 or later, sourced alone or as share/bash-completion/completions/PROGRAM.
std::string bash_completion(const Usage& usage);

// The autoloaded function _PROGRAM of zsh.
std::string zsh_completion(const Usage& usage);

// One of these by its name: man, bash or zsh. A page of the manual has the date of SOURCE_DATE_EPOCH. Another
// name is a usage error.
std::string page_of(const Usage& usage, const std::string& format);

}  // namespace pq::cli
