package azure

import (
	"cmp"
	"strings"
	"time"

	"heimdall/providers"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

// Bring makes a key of the resource that a client names in x-bf-azure-endpoint and of the API key that it sends. A date
// in its query's api-version is the version of the API; without one it is the v1 API.
func (a *azure) Bring(b providers.Brought) (c providers.Credential, ok bool, err error) {
	endpoint := b.Header("X-Bf-Azure-Endpoint")
	if endpoint == "" {
		return c, false, nil
	}
	if why := transport.BadClientURL(endpoint); why != "" {
		return c, false, llm.Errorf(llm.KindInvalidRequest, "x-bf-azure-endpoint: %s", why)
	}
	c.Value = cmp.Or(b.Value, b.Header("Api-Key"))
	if c.Value == "" {
		return c, false, llm.Errorf(llm.KindInvalidRequest, "x-bf-azure-endpoint needs the resource's key beside it: send that in api-key or authorization")
	}
	c.Options = map[string]string{"endpoint": endpoint}
	switch asked := b.Query("api-version"); {
	case asked == "", asked == "v1", asked == "preview", asked == "latest":
	case !dateLike(asked):
		return c, false, llm.Errorf(llm.KindInvalidRequest, "api-version: must be a date such as 2024-10-21, or be left out for the v1 API")
	default:
		c.Options["api_version"] = asked
	}
	return c, true, nil
}

func dateLike(version string) bool {
	_, err := time.Parse(time.DateOnly, strings.TrimSuffix(version, "-preview"))
	return err == nil
}
