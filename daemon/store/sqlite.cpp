#include "daemon/store/sqlite.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <system_error>

#include "common/values/check.h"
#include "common/values/errors.h"
#include "common/values/text.h"

namespace pq::store {
namespace {

SqliteError::Kind kind_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_CORRUPT:
      return SqliteError::Kind::damaged;
    case SQLITE_NOTADB:
      return SqliteError::Kind::not_a_database;
    case SQLITE_BUSY:
      return SqliteError::Kind::busy;
    default:
      return SqliteError::Kind::other;
  }
}

// The connection's message about its last call, with the operating system's message if that was the cause.
SqliteError last_error(sqlite3* connection) {
  const int code = sqlite3_extended_errcode(connection);
  std::string text = sqlite3_errmsg(connection);
  const int primary = code & 0xFF;
  const int cause = sqlite3_system_errno(connection);
  if (cause != 0 && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)) {
    text.append(": ").append(errno_text(cause));
  }
  if (primary == SQLITE_IOERR) text.append(" (SQLite error ").append(std::to_string(code)).append(")");
  return {kind_of(code), text};
}

// A path may hold characters that have a meaning in a URI.
std::string immutable_uri(const std::filesystem::path& path) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    if (c == '%' || c == '?' || c == '#') {
      uri += fmt::format("%{:02X}", static_cast<unsigned>(c));
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

// Null where there is none: a database in memory, or no log yet. `which` is one of SQLite's numbers.
sqlite3_file* file_of(sqlite3* connection, int which) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(connection, "main", which, &file);
  return file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

bool can_be_read(sqlite3_file* file) {
  if (file == nullptr) return true;
  sqlite3_int64 size = 0;
  if (file->pMethods->xFileSize(file, &size) != SQLITE_OK) return false;
  std::array<char, 65536> block{};
  for (sqlite3_int64 at = 0; at < size; at += block.size()) {
    const int result = file->pMethods->xRead(file, block.data(), block.size(), at);
    if (result != SQLITE_OK && result != SQLITE_IOERR_SHORT_READ) return false;
  }
  return true;
}

// What SQLite itself has to say, such as a log that it recovers after a crash, or a page that it cannot read.
void tell(void* /*nothing*/, int code, const char* text) {
  const bool is_notice = (code & 0xFF) == SQLITE_NOTICE;
  spdlog::log(is_notice ? spdlog::level::info : spdlog::level::warn, "SQLite: {} ({})", printable(text),
              code);
}

// SQLite takes this before its first use only. Where a test has used it already, it stays silent.
void listen_to_sqlite() {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): SQLite's interface
  static const int result = sqlite3_config(SQLITE_CONFIG_LOG, tell, nullptr);
  static_cast<void>(result);
}

}  // namespace

// ---------------------------------------------------------------- Database

void Database::Close::operator()(sqlite3* connection) const { sqlite3_close(connection); }

// One thread owns the connection, so SQLite needs no mutexes.
Database::Database(const std::string& name, int flags, const char* vfs) {
  listen_to_sqlite();
  sqlite3* connection = nullptr;
  const int result =
      sqlite3_open_v2(name.c_str(), &connection, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
  connection_.reset(connection);  // SQLite hands out a connection to ask even when it could not open
  if (connection == nullptr) throw SqliteError(SqliteError::Kind::other, sqlite3_errstr(result));
  if (result != SQLITE_OK) throw last_error(connection);
}

Database::Database(const std::filesystem::path& path)
    : Database(path.string(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) {}

Database Database::in_memory() { return {":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, nullptr}; }

// To read a log with its index in this process's memory, SQLite needs an exclusive lock. A file opened only
// for reading cannot get one, so the file system's locks are left out. Without a log, SQLite would create an
// empty one, unless it is told that the file never changes.
Database Database::read_only(const std::filesystem::path& path) {
  const bool has_log = std::filesystem::exists(path.string() + "-wal");
  if (!has_log) return {immutable_uri(path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr};
  Database database(path.string(), SQLITE_OPEN_READONLY, "unix-none");
  database.leave_files_on_close(true);
  database.execute("PRAGMA locking_mode = EXCLUSIVE");
  return database;
}

void Database::execute(const char* sql) {
  if (sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    throw last_error(connection_.get());
}

std::int64_t Database::integer(const char* sql) {
  Statement statement(*this, sql);
  if (!statement.step()) return 0;
  const std::int64_t first = statement.integer(0);
  statement.finish();
  return first;
}

std::string Database::text(const char* sql) {
  Statement statement(*this, sql);
  if (!statement.step()) return {};
  std::string first(statement.text(0));
  statement.finish();
  return first;
}

// SQLite's check tells a page that cannot be read and a page that is damaged in the same words, unless the
// number of an error is among them.
void Database::expect_sound(const char* check) {
  const std::string first = text(check);
  if (first == "ok") return;
  const bool is_readable = can_be_read(file_of(connection_.get(), SQLITE_FCNTL_FILE_POINTER)) &&
                           can_be_read(file_of(connection_.get(), SQLITE_FCNTL_JOURNAL_POINTER));
  // What could not be read once and can be now is no finding.
  std::string finding = is_readable ? text(check) : first;
  if (finding == "ok") return;
  std::replace(finding.begin(), finding.end(), '\n', ' ');
  if (!is_readable) throw SqliteError(SqliteError::Kind::other, finding);
  constexpr std::string_view mark = "error code=";
  const std::size_t at = finding.find(mark);
  const int code = at == std::string::npos ? SQLITE_CORRUPT : std::atoi(finding.c_str() + at + mark.size());
  throw SqliteError(kind_of(code), finding);
}

bool Database::is_in_transaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }

void Database::sync() {
  if (sqlite3_db_cacheflush(connection_.get()) != SQLITE_OK) throw last_error(connection_.get());
  sqlite3_file* const database = file_of(connection_.get(), SQLITE_FCNTL_FILE_POINTER);
  const int result = database->pMethods->xSync(database, SQLITE_SYNC_NORMAL);
  if (result != SQLITE_OK) throw SqliteError(kind_of(result), sqlite3_errstr(result));
}

bool Database::empty_log() { return integer("PRAGMA wal_checkpoint(FULL)") == 0; }

void Database::leave_files_on_close(bool leave) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): SQLite's interface
  sqlite3_db_config(connection_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave ? 1 : 0, nullptr);
}

// ---------------------------------------------------------------- Statement

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(Database& database, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(database.connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) throw last_error(database.connection_.get());
  statement_.reset(statement);
}

void Statement::expect_bound(int result) const {
  if (result != SQLITE_OK) throw last_error(sqlite3_db_handle(statement_.get()));
}

void Statement::bind_integer(int parameter, std::int64_t value) {
  expect_bound(sqlite3_bind_int64(statement_.get(), parameter, value));
}

void Statement::bind(int parameter, std::string_view text) {
  // A null pointer would be stored as NULL and not as empty text.
  const char* const data = text.data() != nullptr ? text.data() : "";
  expect_bound(
      sqlite3_bind_text64(statement_.get(), parameter, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind(int parameter, Blob blob) {
  const char* data = blob.bytes.empty() ? "" : blob.bytes.data();
  expect_bound(sqlite3_bind_blob64(statement_.get(), parameter, data, blob.bytes.size(), SQLITE_STATIC));
}

void Statement::bind(int parameter, const Value& value) {
  if (const double* const real = std::get_if<double>(&value)) {
    check(std::isfinite(*real),
          "a stored value is finite");  // SQLite would silently turn a NaN into NULL
    expect_bound(sqlite3_bind_double(statement_.get(), parameter, *real));
    return;
  }
  if (const auto* const sum = std::get_if<ExactSum>(&value)) return bind(parameter, Blob{sum->bytes()});
  const Int128 exact = std::get<Int128>(value);
  using Limits = std::numeric_limits<std::int64_t>;
  if (Limits::min() <= exact && exact <= Limits::max()) {
    bind_integer(parameter, static_cast<std::int64_t>(exact));
    return;
  }
  const std::string decimal = to_text(exact);
  expect_bound(sqlite3_bind_text64(statement_.get(), parameter, decimal.data(), decimal.size(),
                                   SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind(int parameter, std::nullopt_t) {
  expect_bound(sqlite3_bind_null(statement_.get(), parameter));
}

bool Statement::step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) {
    sqlite3_reset(statement_.get());
    return false;
  }
  SqliteError error = last_error(sqlite3_db_handle(statement_.get()));
  sqlite3_reset(statement_.get());
  throw error;
}

void Statement::finish() {
  while (step()) {
  }
}

Statement::Type Statement::type(int column) const {
  switch (sqlite3_column_type(statement_.get(), column)) {
    case SQLITE_INTEGER:
      return Type::integer;
    case SQLITE_FLOAT:
      return Type::real;
    case SQLITE_TEXT:
      return Type::text;
    case SQLITE_BLOB:
      return Type::blob;
    default:
      return Type::null;
  }
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }

std::string_view Statement::blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string_view Statement::text(int column) const {
  // The blob of a text is its bytes, and bytes can be read as char without a cast between pointer types.
  const void* const bytes = sqlite3_column_blob(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string_view Statement::name(int column) const { return sqlite3_column_name(statement_.get(), column); }

// Byte 18 of the file format: 1 for a rollback journal, 2 for a write-ahead log.
bool has_foreign_log(const std::filesystem::path& path) {
  std::error_code missing;
  const auto log_bytes = std::filesystem::file_size(path.string() + "-wal", missing);
  if (missing || log_bytes == 0) return false;
  std::ifstream file(path, std::ios::binary);
  std::array<char, 19> header{};
  return file.read(header.data(), header.size()) && header[18] == 1;
}

// ---------------------------------------------------------------- PageCopy

void PageCopy::Finish::operator()(sqlite3_backup* copy) const { sqlite3_backup_finish(copy); }

PageCopy::PageCopy(Database& from, Database& to)
    : to_(to), copy_(sqlite3_backup_init(to.connection_.get(), "main", from.connection_.get(), "main")) {
  if (!copy_) throw last_error(to_.connection_.get());
}

bool PageCopy::step(int pages_max) {
  const int result = sqlite3_backup_step(copy_.get(), pages_max);
  if (result == SQLITE_OK) return false;
  if (result == SQLITE_DONE) return true;
  throw SqliteError(kind_of(result), sqlite3_errstr(result));
}

// ---------------------------------------------------------------- Transaction

// IMMEDIATE takes the write lock at once, so the transaction cannot be refused later.
Transaction::Transaction(Database& database) : database_(database) { database_.execute("BEGIN IMMEDIATE"); }

Transaction::~Transaction() {
  if (!database_.is_in_transaction()) return;  // committed, or rolled back by SQLite because the disk is full
  try {
    database_.execute("ROLLBACK");
  } catch (const SqliteError&) {
    // The caller already gets the error that made the transaction fail. The next opening of the file rolls
    // back.
  }
}

void Transaction::commit() { database_.execute("COMMIT"); }

}  // namespace pq::store
