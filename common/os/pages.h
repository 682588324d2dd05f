// What a system keeps about a program besides the program, made of the same Usage as its --help: its page in
// the manual, and what a shell completes of its command line.
#pragma once

#include <string>
#include <string_view>

#include "common/os/command_line.h"

namespace pq {

// In troff's man macros. `date` is that of the build, "2026-12-01", or empty.
std::string manual_page(const Usage& usage, std::string_view date);

// To be sourced by bash 4.4 or later, alone or as share/bash-completion/completions/PROGRAM.
std::string bash_completion(const Usage& usage);

// The autoloaded function _PROGRAM of zsh.
std::string zsh_completion(const Usage& usage);

// One of these by its name: man, bash or zsh. A page of the manual has the date of SOURCE_DATE_EPOCH. Another
// name is a usage error.
std::string page_of(const Usage& usage, const std::string& format);

}  // namespace pq
