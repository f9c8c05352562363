package dialect

import "testing"

func TestIsErrorObject(t *testing.T) {
	for body, want := range map[string]bool{
		`{"error":{"message":"m","type":"t","param":null,"code":"c"}}`:       true,
		`{"error":{"message":"m","code":400}}`:                               true,
		`{"error":{"message":"m","status":400}}`:                             true,
		`{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"m"}}`:   false,
		`[{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"m"}}]`: false,
		`{"type":"error","error":{"type":"overloaded_error","message":"m"}}`: false,
		`{"error":"m"}`:            false,
		`{"error":{"message":{}}}`: false,
		`{"message":"m"}`:          false,
		``:                         false,
	} {
		if got := IsErrorObject([]byte(body)); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}
