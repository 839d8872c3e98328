// The database and the containers of Loom in an existing account, and who may use them.
//
//   az deployment group create --resource-group <resource-group> --template-file scripts/azure/cosmos.bicep \
//     --parameters accountName=<account> contributorIds='["<principal-id>"]'
//
// An identity cannot create databases or containers through the data plane, whatever its role; this does it once.
// The containers are those of packages/core/src/cosmos/cosmos-layout.ts, and a test compares the two.

@description('Name of an account with the API for NoSQL.')
param accountName string

@description('Name of the database.')
param databaseName string = 'loom'

@description('Highest RU/s of each container, which scales down to a tenth of it; 0 in a serverless account.')
param maxThroughput int = 1000

@description('Object ids of identities that run Loom: they read and write items.')
param contributorIds array = []

@description('Object ids of identities that only look.')
param readerIds array = []

// ttl: seconds after its last write until an item is gone; -1 when items stay.
var containers = [
  {
    name: 'execution-spans'
    ttl: 2592000
    includedPaths: [
      '/pk/?'
    ]
  }
  {
    name: 'execution-summaries'
    ttl: 2592000
    includedPaths: [
      '/pk/?'
      '/sortKey/?'
      '/summary/name/?'
      '/summary/status/?'
      '/summary/startedAt/?'
      '/summary/durationMs/?'
      '/summary/tags/[]/?'
      '/summary/error/code/?'
      '/summary/stages/[]/stage/?'
      '/summary/stages/[]/actors/[]/?'
      '/summary/stages/[]/errorCodes/[]/?'
    ]
  }
  {
    name: 'actor-types'
    ttl: -1
    includedPaths: [
      '/pk/?'
      '/kind/?'
      '/version/?'
      '/state/?'
      '/inputHash/?'
      '/outputHash/?'
      '/metadata/owner/?'
      '/metadata/tags/[]/?'
      '/metadata/capabilities/[]/?'
    ]
  }
  {
    name: 'actor-instances'
    ttl: 3600
    includedPaths: [
      '/pk/?'
      '/endsAt/?'
      '/types/[]/?'
    ]
  }
  {
    name: 'outbox'
    ttl: -1
    includedPaths: [
      '/pk/?'
      '/at/?'
      '/lane/?'
      '/first/?'
      '/parked/?'
    ]
  }
]

var readerRole = '00000000-0000-0000-0000-000000000001'
var contributorRole = '00000000-0000-0000-0000-000000000002'

resource account 'Microsoft.DocumentDB/databaseAccounts@2024-05-15' existing = {
  name: accountName
}

resource database 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2024-05-15' = {
  parent: account
  name: databaseName
  properties: {
    resource: {
      id: databaseName
    }
  }
}

resource items 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2024-05-15' = [
  for container in containers: {
    parent: database
    name: container.name
    properties: {
      resource: {
        id: container.name
        partitionKey: {
          paths: [
            '/pk'
          ]
          kind: 'Hash'
          version: 2
        }
        defaultTtl: container.ttl
        indexingPolicy: {
          indexingMode: 'consistent'
          automatic: true
          includedPaths: map(container.includedPaths, path => {
            path: path
          })
          excludedPaths: [
            {
              path: '/*'
            }
          ]
        }
      }
      options: maxThroughput > 0
        ? {
            autoscaleSettings: {
              maxThroughput: maxThroughput
            }
          }
        : {}
    }
  }
]

resource contributors 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2024-05-15' = [
  for id in contributorIds: {
    parent: account
    name: guid(account.id, databaseName, contributorRole, id)
    properties: {
      principalId: id
      roleDefinitionId: '${account.id}/sqlRoleDefinitions/${contributorRole}'
      scope: '${account.id}/dbs/${databaseName}'
    }
  }
]

resource readers 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2024-05-15' = [
  for id in readerIds: {
    parent: account
    name: guid(account.id, databaseName, readerRole, id)
    properties: {
      principalId: id
      roleDefinitionId: '${account.id}/sqlRoleDefinitions/${readerRole}'
      scope: '${account.id}/dbs/${databaseName}'
    }
  }
]
