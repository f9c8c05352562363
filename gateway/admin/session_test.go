package admin

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/bcrypt"

	"heimdall/gateway/config"
	"heimdall/providers/llm"
)

func (w *world) login(password string) (Session, error) {
	w.t.Helper()
	var s Session
	r, err := w.send(w.t.Context(), "POST", "/api/session/login", fmt.Sprintf(`{"username":"admin","password":%q}`, password), fields{})
	if err != nil {
		return s, err
	}
	if !strings.Contains(r.Header[0].Value, "token="+strings.Split(string(r.Body), `"token":"`)[1][:20]) || !strings.Contains(r.Header[0].Value, "HttpOnly; SameSite=Lax") {
		w.t.Errorf("cookie: %s", r.Header[0].Value)
	}
	return s, json.Unmarshal(r.Body, &s)
}

// closed sets a password whose hash is quick to check.
func (w *world) closed(password string) {
	w.t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		w.t.Fatal(err)
	}
	err = w.Config.Update(w.t.Context(), func(d *config.Draft) error {
		d.Auth = config.Auth{Enabled: true, Username: "admin", PasswordHash: string(hash)}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func basic(password string) fields {
	return fields{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:"+password))}
}

func TestLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, config.Fixed{})
		if _, err := w.login("x"); err == nil || llm.AsError(err).Status != 403 {
			t.Fatalf("login without a password set: %v", err)
		}
		w.closed("correct")
		if w.Check(fields{}) || w.Check(fields{"Authorization": "Bearer x"}) || w.Check(basic("wrong")) {
			t.Fatal("proved by nothing")
		}
		if !w.Check(basic("correct")) || !w.Check(fields{"Authorization": "Bearer control-token"}) {
			t.Fatal("Basic or the control token is no proof")
		}
		s, err := w.login("correct")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range w.store.entities {
			if strings.Contains(e.ID+string(e.Data), s.Token) {
				t.Fatal("the token is stored")
			}
		}
		bearer, cookie := fields{"Authorization": "Bearer " + s.Token}, fields{"Cookie": "a=b; token=" + s.Token}
		if !w.Check(bearer) || !w.Check(cookie) {
			t.Fatal("the token is no proof")
		}
		r, err := w.send(t.Context(), "GET", "/api/session/is-auth-enabled", "", cookie)
		if err != nil || string(r.Body) != `{"is_auth_enabled":true,"has_valid_token":true,"auth_type":"password","inference_auth_enforced":true}` {
			t.Fatalf("%s %v", r.Body, err)
		}

		other, err := w.login("correct")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.send(t.Context(), "POST", "/api/session/logout", "", fields{"Authorization": "Bearer " + other.Token}); err != nil {
			t.Fatal(err)
		}
		if w.Check(fields{"Authorization": "Bearer " + other.Token}) || !w.Check(bearer) {
			t.Fatal("a logout must end its own session only")
		}
		time.Sleep(31 * 24 * time.Hour)
		if w.Check(bearer) {
			t.Fatal("the session never ends")
		}
	})
}

func TestANewPasswordEndsTheOtherSessions(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	w.closed("one")
	mine, err := w.login("one")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := w.login("one")
	if err != nil {
		t.Fatal(err)
	}
	if !w.Check(basic("one")) {
		t.Fatal("the password is no proof")
	}
	if _, err := w.send(t.Context(), "PUT", "/api/config", `{"auth_config":{"admin_password":"two"}}`, fields{"Authorization": "Bearer " + mine.Token}); err != nil {
		t.Fatal(err)
	}
	if !w.Check(fields{"Authorization": "Bearer " + mine.Token}) || w.Check(fields{"Authorization": "Bearer " + theirs.Token}) {
		t.Error("the wrong sessions ended")
	}
	if w.Check(basic("one")) {
		t.Error("the old password is remembered as right")
	}
}

func TestGuessingIsSlowedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, config.Fixed{})
		w.closed("correct")
		for range freeFailures {
			if _, err := w.login("wrong"); llm.AsError(err).Status != 401 {
				t.Fatalf("a wrong password: %v", err)
			}
		}
		_, err := w.login("correct")
		if e := llm.AsError(err); e.Status != 429 || e.RetryAfter <= 0 {
			t.Fatalf("after %d failures: %v", freeFailures, err)
		}
		time.Sleep(2 * time.Second)
		if _, err := w.login("correct"); err != nil {
			t.Fatalf("after a pause: %v", err)
		}
		for i := range 2 * freeFailures {
			w.Check(basic(fmt.Sprint("guess", i)))
		}
		if w.Check(basic("correct")) {
			t.Error("Basic guesses are not slowed down")
		}
		time.Sleep(2 * time.Minute)
		if !w.Check(basic("correct")) {
			t.Error("Basic stays locked")
		}
	})
}

func TestACodeWorksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, config.Fixed{})
		code := w.NewCode()
		s := do[Session](w, "POST", "/api/session/exchange", `{"code":"`+code+`"}`)
		if !w.Check(fields{"Authorization": "Bearer " + s.Token}) {
			t.Fatal("its token is no proof")
		}
		w.fail("POST", "/api/session/exchange", `{"code":"`+code+`"}`, 401, "")
		w.fail("POST", "/api/session/exchange", `{"code":""}`, 401, "")
		late := w.NewCode()
		time.Sleep(codeLife)
		w.fail("POST", "/api/session/exchange", `{"code":"`+late+`"}`, 401, "")
	})
}
