package auth

// Scheme puts key on a request through set, which sets one header field. An empty key sets nothing.
type Scheme func(set func(name, value string), key string)

// Bearer is "Authorization: Bearer KEY".
func Bearer(set func(name, value string), key string) {
	if key != "" {
		set("Authorization", "Bearer "+key)
	}
}

// Header sends the key as the value of the named header field.
func Header(name string) Scheme {
	return func(set func(name, value string), key string) {
		if key != "" {
			set(name, key)
		}
	}
}

// None sends no key.
func None(func(name, value string), string) {}
