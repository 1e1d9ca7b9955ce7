// Static websites: the blobs of $web, for anybody to read, at http://ACCOUNT.web.…, whatever follows; in Azure it is
// ACCOUNT.z6.web.core.windows.net. They are there when the account's StaticWebsite property says so.
// Source: learn.microsoft.com/azure/storage/blobs/storage-blob-static-website. Any thread.
#pragma once
#include <string>

#include "core/backend.h"
#include "core/blob/blob_url.h"
#include "emulator/http/message.h"

namespace batchite {

// The account whose website the request's host names; empty: none.
std::string website_account(const http::Request& request, const IsAccount& is_account);

// Throws Error: who asks sees that only where the website has no page for it.
http::Response answer_website(Backend& backend, const std::string& account, const http::Request& request);

}  // namespace batchite
