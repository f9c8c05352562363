package exchange

import "testing"

func TestMaskHeader(t *testing.T) {
	header := "Host: localhost:8080\r\nAuthorization: Bearer sk-1\r\nX-Api-Key: sk-2\r\napi-key:sk-3\r\nX-Goog-Api-Key: sk-4\r\n" +
		"Cookie: sk-5\r\nx-bf-vk: sk-bf-6\r\nX-Amz-Security-Token: sk-7\r\nAnthropic-Beta: a, b\r\nX-Claude-Code-Session-Id: s\r\n" +
		"Ocp-Apim-Subscription-Key: sk-8\r\nX-Bf-Cache-Key: mine\r\nno field\r\nX-Ratelimit-Remaining-Tokens: 9\r\nEmpty:\r\nX-Mine: bearer sk-9\r\n"
	want := "Host: localhost:8080\r\nAuthorization: ***\r\nX-Api-Key: ***\r\napi-key: ***\r\nX-Goog-Api-Key: ***\r\n" +
		"Cookie: ***\r\nx-bf-vk: ***\r\nX-Amz-Security-Token: ***\r\nAnthropic-Beta: a, b\r\nX-Claude-Code-Session-Id: s\r\n" +
		"Ocp-Apim-Subscription-Key: ***\r\nX-Bf-Cache-Key: mine\r\nX-Ratelimit-Remaining-Tokens: 9\r\nEmpty: \r\nX-Mine: ***\r\n"
	if got := string(MaskHeader([]byte(header))); got != want {
		t.Errorf("%s", got)
	}
	if MaskHeader(nil) != nil {
		t.Error("there is something where nothing was")
	}
}
