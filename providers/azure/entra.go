package azure

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"heimdall/providers"
)

const defaultScope = "https://cognitiveservices.azure.com/.default"

// entra gives tokens of Entra ID: for a service principal where the key names one, else for whom this machine is. The
// library keeps tokens until they run out; this keeps its clients.
type entra struct {
	options azcore.ClientOptions

	mu      sync.Mutex
	clients map[principal]azcore.TokenCredential
}

type principal struct{ tenant, client, secret string }

func (e *entra) token(ctx context.Context, c providers.Credential) (string, error) {
	client, err := e.client(principal{c.Options["tenant_id"], c.Options["client_id"], c.Options["client_secret"]})
	if err != nil {
		return "", err
	}
	scopes := strings.FieldsFunc(c.Options["scopes"], func(r rune) bool { return r == ' ' || r == ',' })
	if len(scopes) == 0 {
		scopes = []string{defaultScope}
	}
	token, err := client.GetToken(ctx, policy.TokenRequestOptions{Scopes: scopes})
	if err != nil {
		return "", fmt.Errorf("get a token from Entra ID: %w", err)
	}
	return token.Token, nil
}

func (e *entra) client(p principal) (azcore.TokenCredential, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.clients[p]; c != nil {
		return c, nil
	}
	c, err := e.newClient(p)
	if err != nil {
		return nil, err
	}
	if e.clients == nil {
		e.clients = map[principal]azcore.TokenCredential{}
	}
	e.clients[p] = c
	return c, nil
}

func (e *entra) newClient(p principal) (azcore.TokenCredential, error) {
	given := 0
	for _, s := range []string{p.tenant, p.client, p.secret} {
		if s != "" {
			given++
		}
	}
	switch given {
	case 0:
		return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: e.options})
	case 3:
		return azidentity.NewClientSecretCredential(p.tenant, p.client, p.secret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: e.options, DisableInstanceDiscovery: e.options.Transport != nil})
	default:
		return nil, fmt.Errorf("the key needs tenant_id, client_id and client_secret together, or none of them")
	}
}
