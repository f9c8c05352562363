package config

import (
	"context"
	"encoding/json"
	"errors"
)

// Entity is one stored piece of configuration. Kind names what it is (provider, key, client, virtual_key …); ID
// is unique within it. Data is the entity's JSON and holds no secret, only references.
type Entity struct {
	Kind string
	ID   string
	Data json.RawMessage // nil in a change = delete
}

// Store keeps the entities. Apply writes all changes or none, and only if base is still the stored version, else
// ErrConflict; it returns the new version.
type Store interface {
	Load(ctx context.Context) (entities []Entity, version int64, err error)
	Apply(ctx context.Context, base int64, changes []Entity) (version int64, err error)
}

// ErrConflict says that somebody else changed the configuration meanwhile.
var ErrConflict = errors.New("the configuration was changed meanwhile")

// Secrets is where secret values live: the keychain. Get's error for a missing item, a locked or an absent keychain is
// one that Error() explains to the user.
type Secrets interface {
	Get(name string) (string, error)
	Set(name, value string) error
	Delete(name string) error
}
