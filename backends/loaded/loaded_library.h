// A shared library that is loaded when its first function is called. libcurl and libarchive bring thirty others
// (Kerberos, LDAP, GnuTLS, ICU, …), which take 3 MiB and half of the time until `batchite start` answers; most runs
// need neither. What is written beside this defines the functions we call under their own names, so that callers see
// the library's own headers.
#pragma once
#include <dlfcn.h>

#include <string>

#include "core/base/error.h"

namespace batchite {

// Any thread. Never unloaded.
class LoadedLibrary {
 public:
  // `file`: the name a linker would have noted, e.g. "libcurl.so.4". Throws UsageError naming it, the reason
  // and the cure.
  explicit LoadedLibrary(const char* file) : handle_(::dlopen(file, RTLD_NOW | RTLD_LOCAL)) {
    if (!handle_) throw UsageError(std::string(::dlerror()) + " (this needs it: install the package that has it)");
  }

  template <typename Function>
  Function* function(const char* name) const {
    void* const found = ::dlsym(handle_, name);
    if (!found) throw UsageError(std::string(::dlerror()) + " (this needs a newer version of it)");
    return reinterpret_cast<Function*>(found);
  }

 private:
  void* handle_;
};

}  // namespace batchite

// Defines `name` of `library()`, a LoadedLibrary.
#define BATCHITE_LOADED(result, name, parameters, arguments)                 \
  extern "C" result name parameters {                                        \
    static auto* const loaded = library().function<decltype(::name)>(#name); \
    return loaded arguments;                                                 \
  }
