package bedrock

import (
	"cmp"

	"heimdall/providers"
	"heimdall/providers/llm"
)

// homeRegion is where a client's API key is used that comes without a region.
const homeRegion = "us-east-1"

// Bring makes a key of what a client says in its x-bf-bedrock-* header fields: api-key, else access-key and secret-key,
// which may have a session-token, and the region. A region alone goes with a key in one of the usual fields.
func (b *bedrock) Bring(in providers.Brought) (c providers.Credential, ok bool, err error) {
	key, region := in.Header("X-Bf-Bedrock-Api-Key"), in.Header("X-Bf-Bedrock-Region")
	access, secret, session := in.Header("X-Bf-Bedrock-Access-Key"), in.Header("X-Bf-Bedrock-Secret-Key"), in.Header("X-Bf-Bedrock-Session-Token")
	if key == "" && region == "" && access == "" && secret == "" && session == "" {
		return c, false, nil
	}
	if region != "" && !regional(region) {
		return c, false, llm.Errorf(llm.KindInvalidRequest, "x-bf-bedrock-region: must be a region such as us-east-1")
	}
	c.Options = map[string]string{"region": cmp.Or(region, homeRegion)}
	switch {
	case key != "":
		c.Value = key
	case access != "" && secret != "":
		if region == "" {
			return c, false, llm.Errorf(llm.KindInvalidRequest, "x-bf-bedrock-region is missing: say in which region the access key is to be used")
		}
		c.Options["access_key"], c.Options["secret_key"], c.Options["session_token"] = access, secret, session
	case access != "" || secret != "" || session != "":
		return c, false, llm.Errorf(llm.KindInvalidRequest, "x-bf-bedrock-access-key and x-bf-bedrock-secret-key belong together: send both")
	case in.Value != "":
		c.Value = in.Value
	default:
		return c, false, llm.Errorf(llm.KindInvalidRequest, "x-bf-bedrock-region needs a key beside it: send x-bf-bedrock-api-key, or x-bf-bedrock-access-key and x-bf-bedrock-secret-key")
	}
	return c, true, nil
}
