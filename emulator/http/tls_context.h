// The one place where OpenSSL's context meets Asio.
#pragma once
#include <boost/asio/ssl/context.hpp>

namespace batchite::http {

struct TlsContext {
  mutable boost::asio::ssl::context context{boost::asio::ssl::context::tls_server};
};

}  // namespace batchite::http
