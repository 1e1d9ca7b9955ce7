#include "backends/azure/proxy.h"

#include <algorithm>

#include "core/base/ids.h"
#include "core/base/query.h"
#include "core/blob/blob_url.h"
#include "core/signing/sas.h"

namespace batchite {
namespace {

constexpr std::string_view kCopySource = "x-ms-copy-source";

// Changes every text of a document.
void each_text(Document& document, const std::function<std::string(std::string)>& change) {
  if (document.is_string()) {
    document = change(document.get<std::string>());
  } else if (document.is_structured()) {
    for (Document& item : document) each_text(item, change);
  }
}

bool is_here(const BlobUrl& url) {
  const std::size_t host = url.endpoint.find("://") + 3;
  const std::string name = url.endpoint.substr(host, url.endpoint.rfind(':') - host);
  return name == "127.0.0.1" || name == "localhost" || name == "[::1]" || name.ends_with(".localhost");
}

class Proxy : public Backend {
 public:
  Proxy(Backend& azure, ProxyNames names) : azure_(azure), names_(std::move(names)) {}

  Reply call(const Call& call) override {
    Call passed = call;
    // Clients of older versions are translated for, there and back, by whoever serves them.
    passed.version = std::max(call.version, Call{.operation = call.operation}.version);
    passed.caller.reset();
    each_text(passed.body, [this](std::string text) { return to_azure(std::move(text)); });
    Reply reply = azure_.call(passed);
    const auto from_azure = [&](std::string text) {
      return text.starts_with(names_.batch_endpoint) ? call.base + text.substr(names_.batch_endpoint.size()) : text;
    };
    each_text(reply.body, from_azure);
    Parameters headers;
    for (const auto& [name, value] : reply.headers) headers.add(name, from_azure(value));
    reply.headers = std::move(headers);
    return reply;
  }

  BlobReply blob(const BlobCall& call) override {
    BlobCall passed = call;
    if (same_id(passed.account, names_.own_account)) passed.account = azure_.storage_account();
    if (const std::string* source = call.headers.find(kCopySource)) {
      passed.headers.set(std::string(kCopySource), to_azure(*source));
    }
    return azure_.blob(passed);
  }

  std::string sas_url(const SasRequest& request) override { return azure_.sas_url(request); }
  const std::string& storage_account() const override { return names_.own_account; }
  Document manage(const ManagementCall& call) override { return azure_.manage(call); }
  VmSizes vm_sizes() override { return azure_.vm_sizes(); }
  Manners manners() const override { return azure_.manners(); }

 private:
  // The same address in the real account; texts that are no address of a blob here stay as they are.
  std::string to_azure(std::string text) {
    if (!text.starts_with("http://") && !text.starts_with("https://")) return text;
    const auto url = parse_blob_url(text, [this](std::string_view name) { return same_id(name, names_.own_account); });
    if (!url || !is_here(*url) || url->container.empty()) return text;
    const auto sas = signing::parse_sas(query_parameters(url->query));
    if (!sas)
      return names_.storage_endpoint + blob_path(url->container, url->blob) +
             (url->query.empty() ? "" : "?" + url->query);
    const auto expiry = parse_iso8601(sas->parameters.get("se"));
    const std::string permissions = sas->parameters.get("sp");
    if (permissions.empty() || !expiry) {
      throw Error(501, "NotImplemented", "A signature that names a stored policy cannot be made anew for the account.");
    }
    const bool is_of_blob = sas->parameters.get("sr") == "b";
    std::string made = azure_.sas_url({.container = url->container,
                                       .blob = is_of_blob ? url->blob : "",
                                       .permissions = permissions,
                                       .expiry = *expiry});
    const std::size_t mark = made.find('?');
    return names_.storage_endpoint + blob_path(url->container, url->blob) + made.substr(mark);
  }

  Backend& azure_;
  const ProxyNames names_;
};

}  // namespace

std::unique_ptr<Backend> make_proxy(Backend& azure, ProxyNames names) {
  return std::make_unique<Proxy>(azure, std::move(names));
}

}  // namespace batchite
