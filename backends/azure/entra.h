// How tokens of Entra ID are got: one function for each kind of credential.
// Source: learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow; the variables and their order
// are azure-identity's.
#pragma once
#include <functional>
#include <vector>

#include "backends/azure/sender.h"
#include "backends/azure/tokens.h"
#include "backends/system/run_program.h"

namespace batchite::azure {

struct EntraSettings {
  std::string authority = {};             // "https://login.microsoftonline.com"
  std::string tenant = {};                // AZURE_TENANT_ID
  std::string client = {};                // AZURE_CLIENT_ID; of managed identities: the one that was assigned
  std::string client_secret = {};         // AZURE_CLIENT_SECRET
  std::string certificate = {};           // AZURE_CLIENT_CERTIFICATE_PATH: key and certificate (PEM)
  std::string certificate_password = {};  // AZURE_CLIENT_CERTIFICATE_PASSWORD
  std::string token_file = {};            // AZURE_FEDERATED_TOKEN_FILE
  std::string identity_endpoint = {};     // IDENTITY_ENDPOINT, of App Service
  std::string identity_header = {};       // IDENTITY_HEADER
  std::string metadata_host = {};         // AZURE_POD_IDENTITY_AUTHORITY_HOST; empty: http://169.254.169.254
  std::string path = {};                  // PATH, to find az
};

using RunProgram = std::function<ProgramEnd(const std::vector<std::string>& command, Ticks limit)>;

// What the functions work with.
struct EntraWorld {
  Seams seams;
  RetrySettings retry = {};
  RunProgram run = run_program;
};

FetchToken by_client_secret(const EntraSettings& settings, const EntraWorld& world);
FetchToken by_client_certificate(const EntraSettings& settings, const EntraWorld& world);
// A token of somebody else whom Entra trusts, Kubernetes mostly, in a file that is read each time.
FetchToken by_workload_identity(const EntraSettings& settings, const EntraWorld& world);
FetchToken by_managed_identity(const EntraSettings& settings, const EntraWorld& world);
// Of whoever is logged in to Azure's command line.
FetchToken by_az(const EntraSettings& settings, const EntraWorld& world);

// All of them, in the order in which they are tried.
std::vector<Credential> credentials_of(const EntraSettings& settings, const EntraWorld& world);

// Throws UsageError for a URL to which a secret may not go: only https, this machine itself and what
// is on its own link.
void require_secure(const std::string& url);

}  // namespace batchite::azure
