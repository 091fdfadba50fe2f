package mcp

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Local lets through what programs on this machine ask: it refuses a Host that does not name
// the loopback interface, as of a page whose name was bound to it anew, and an Origin that is
// not the server's own, as of any page in a browser.
func Local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopback(r.Host) {
			http.Error(w, "this server is for programs on its own machine: Host is foreign", http.StatusForbidden)
			return
		}
		if origins, ok := r.Header["Origin"]; ok {
			u, err := url.Parse(strings.Join(origins, ","))
			if err != nil || u.Host != r.Host {
				http.Error(w, "pages of other sites may not ask this server: Origin is foreign", http.StatusForbidden)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// loopback says that a host, with a port or without, is this machine.
func loopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	ip := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback()
}
