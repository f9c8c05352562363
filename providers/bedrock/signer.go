package bedrock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"heimdall/providers"
)

const service, sessionName = "bedrock", "heimdall"

// signer signs with Signature Version 4. The library refreshes credentials that run out; this keeps their providers.
type signer struct {
	mu      sync.Mutex
	sources map[source]aws.CredentialsProvider
	// now and options are those of tests; nil = the clock, and the machine's own settings.
	now     func() time.Time
	options []func(*config.LoadOptions) error
}

// source is what credentials are made from.
type source struct {
	region, access, secret, session, profile, role, external, name string
}

func (s *signer) sign(ctx context.Context, out *providers.Outbound, c providers.Credential) error {
	region, err := region(c)
	if err != nil {
		return err
	}
	keys, err := s.credentials(ctx, source{region, c.Options["access_key"], c.Options["secret_key"], c.Options["session_token"],
		c.Options["profile"], c.Options["role_arn"], c.Options["external_id"], c.Options["session_name"]})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, out.Method, out.URL, nil)
	if err != nil {
		return err
	}
	for _, f := range out.Header {
		if f.Name == "Content-Type" {
			r.Header.Set(f.Name, f.Value)
		}
	}
	r.ContentLength = int64(len(out.Body))
	sum := sha256.Sum256(out.Body)
	now := time.Now
	if s.now != nil {
		now = s.now
	}
	if err := v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(sum[:]), service, region, now()); err != nil {
		return err
	}
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
		if v := r.Header.Get(name); v != "" {
			out.Set(name, v)
		}
	}
	return nil
}

// credentials are the keys of the source as they are, where it needs no one else; nothing of them is kept.
func (s *signer) credentials(ctx context.Context, from source) (aws.Credentials, error) {
	if from.access != "" && from.secret != "" && from.role == "" {
		return aws.Credentials{AccessKeyID: from.access, SecretAccessKey: from.secret, SessionToken: from.session}, nil
	}
	p, err := s.provider(ctx, from)
	if err != nil {
		return aws.Credentials{}, err
	}
	keys, err := p.Retrieve(ctx)
	if err != nil {
		return keys, fmt.Errorf("get credentials from AWS: %w", err)
	}
	return keys, nil
}

func (s *signer) provider(ctx context.Context, from source) (aws.CredentialsProvider, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.sources[from]; p != nil {
		return p, nil
	}
	p, err := s.newProvider(ctx, from)
	if err != nil {
		return nil, err
	}
	if s.sources == nil {
		s.sources = map[source]aws.CredentialsProvider{}
	}
	s.sources[from] = p
	return p, nil
}

// newProvider makes what gives credentials: the keys of the source, else a profile, else the machine's own; where the
// source names a role, those of that role.
func (s *signer) newProvider(ctx context.Context, from source) (aws.CredentialsProvider, error) {
	if (from.access == "") != (from.secret == "") {
		return nil, fmt.Errorf("the key needs access_key and secret_key together, or none of them")
	}
	options := append([]func(*config.LoadOptions) error{config.WithRegion(from.region)}, s.options...)
	if from.access != "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(from.access, from.secret, from.session)))
	} else if from.profile != "" {
		options = append(options, config.WithSharedConfigProfile(from.profile))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("read the AWS configuration: %w", err)
	}
	if from.role == "" {
		return loaded.Credentials, nil
	}
	role := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(loaded), from.role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = sessionName
		if from.name != "" {
			o.RoleSessionName = from.name
		}
		if from.external != "" {
			o.ExternalID = &from.external
		}
	})
	return aws.NewCredentialsCache(role), nil
}
