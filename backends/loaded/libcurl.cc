#define CURL_DISABLE_TYPECHECK  // its macros would stand for the names that are defined here
#include <curl/curl.h>

#include <cstdarg>

#include "backends/loaded/loaded_library.h"

#undef curl_easy_getinfo
#undef curl_easy_setopt

namespace {

const batchite::LoadedLibrary& library() {
  static const batchite::LoadedLibrary curl("libcurl.so.4");
  return curl;
}

// Every option is a long, a curl_off_t or a pointer, and every answer is written through a pointer.
static_assert(sizeof(long) == sizeof(void*) && sizeof(curl_off_t) == sizeof(void*));

}  // namespace

BATCHITE_LOADED(CURLcode, curl_global_init, (long flags), (flags))
BATCHITE_LOADED(CURL*, curl_easy_init, (), ())
BATCHITE_LOADED(void, curl_easy_cleanup, (CURL * handle), (handle))
BATCHITE_LOADED(void, curl_easy_reset, (CURL * handle), (handle))
BATCHITE_LOADED(CURLcode, curl_easy_perform, (CURL * handle), (handle))
BATCHITE_LOADED(CURLcode, curl_easy_pause, (CURL * handle, int directions), (handle, directions))
BATCHITE_LOADED(const char*, curl_easy_strerror, (CURLcode code), (code))
BATCHITE_LOADED(CURLM*, curl_multi_init, (), ())
BATCHITE_LOADED(CURLMcode, curl_multi_cleanup, (CURLM * multi), (multi))
BATCHITE_LOADED(CURLMcode, curl_multi_add_handle, (CURLM * multi, CURL* handle), (multi, handle))
BATCHITE_LOADED(CURLMcode, curl_multi_remove_handle, (CURLM * multi, CURL* handle), (multi, handle))
BATCHITE_LOADED(CURLMcode, curl_multi_perform, (CURLM * multi, int* running), (multi, running))
BATCHITE_LOADED(CURLMsg*, curl_multi_info_read, (CURLM * multi, int* left), (multi, left))
BATCHITE_LOADED(CURLMcode, curl_multi_poll,
                (CURLM * multi, curl_waitfd* extra, unsigned count, int timeout, int* ready),
                (multi, extra, count, timeout, ready))
BATCHITE_LOADED(curl_slist*, curl_slist_append, (curl_slist * list, const char* text), (list, text))
BATCHITE_LOADED(void, curl_slist_free_all, (curl_slist * list), (list))

extern "C" CURLcode curl_easy_setopt(CURL* handle, CURLoption option, ...) {
  static auto* const loaded = library().function<decltype(curl_easy_setopt)>("curl_easy_setopt");
  std::va_list rest;
  va_start(rest, option);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  return loaded(handle, option, argument);
}

extern "C" CURLcode curl_easy_getinfo(CURL* handle, CURLINFO info, ...) {
  static auto* const loaded = library().function<decltype(curl_easy_getinfo)>("curl_easy_getinfo");
  std::va_list rest;
  va_start(rest, info);
  void* const answer = va_arg(rest, void*);
  va_end(rest);
  return loaded(handle, info, answer);
}
