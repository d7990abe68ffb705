// golang.org/x/oauth2, the stock client of Go, from the code to revocation, of which it knows nothing.
// The test writes the settings as one line of JSON, gets back lines of JSON, and answers each `authorize` with the URL at
// which the browser arrived.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

type settings struct {
	Issuer       string
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	RedirectURI  string `json:"redirect_uri"`
	Scope        string
	AuthMethod   string `json:"auth_method"`
}

type metadata struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	Revocation    string `json:"revocation_endpoint"`
}

var lines = bufio.NewScanner(os.Stdin)

func main() {
	log.SetFlags(0)
	lines.Buffer(nil, 1<<20)
	var wanted settings
	must(json.Unmarshal([]byte(line()), &wanted))
	server := discover(wanted.Issuer)
	say("metadata", server)
	client := &oauth2.Config{
		ClientID:     wanted.ClientID,
		ClientSecret: wanted.ClientSecret,
		RedirectURL:  wanted.RedirectURI,
		Scopes:       strings.Fields(wanted.Scope),
		Endpoint:     oauth2.Endpoint{AuthURL: server.Authorization, TokenURL: server.Token},
	}
	_, err := authorize(client)
	say("denied", codeOf(err))
	tokens, err := authorize(client)
	must(err)
	say("tokens", said(tokens))
	fresh, err := refreshed(client, tokens.RefreshToken)
	must(err)
	say("refreshed", said(fresh))
	revoke(client, wanted.AuthMethod, server.Revocation, fresh.RefreshToken)
	_, err = refreshed(client, fresh.RefreshToken)
	say("refused", codeOf(err))
}

func authorize(client *oauth2.Config) (*oauth2.Token, error) {
	verifier, state := oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	say("authorize", client.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier)))
	arrived, err := url.Parse(line())
	must(err)
	answer := arrived.Query()
	if answer.Get("state") != state {
		log.Fatal("the state is not the one that was sent")
	}
	if code := answer.Get("error"); code != "" {
		return nil, errors.New(code)
	}
	return client.Exchange(context.Background(), answer.Get("code"), oauth2.VerifierOption(verifier))
}

// What the library does by itself once an access token has run out.
func refreshed(client *oauth2.Config, token string) (*oauth2.Token, error) {
	past := &oauth2.Token{RefreshToken: token, Expiry: time.Unix(1, 0)}
	return client.TokenSource(context.Background(), past).Token()
}

func revoke(client *oauth2.Config, method, endpoint, token string) {
	form := url.Values{"token": {token}, "client_id": {client.ClientID}}
	if method == "client_secret_post" {
		form.Set("client_secret", client.ClientSecret)
	}
	request, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	must(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if method == "client_secret_basic" {
		request.SetBasicAuth(url.QueryEscape(client.ClientID), url.QueryEscape(client.ClientSecret))
	}
	answer, err := http.DefaultClient.Do(request)
	must(err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		log.Fatalf("revocation: %s", answer.Status)
	}
}

func discover(issuer string) (found metadata) {
	answer, err := http.Get(strings.TrimSuffix(issuer, "/") + "/.well-known/oauth-authorization-server")
	must(err)
	defer answer.Body.Close()
	must(json.NewDecoder(answer.Body).Decode(&found))
	return found
}

func said(token *oauth2.Token) map[string]any {
	return map[string]any{
		"token_type":    token.TokenType,
		"access_token":  token.AccessToken,
		"refresh_token": token.RefreshToken,
		"scope":         token.Extra("scope"),
	}
}

func codeOf(err error) string {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return refused.ErrorCode
	}
	if err == nil {
		return "nothing was refused"
	}
	return err.Error()
}

func line() string {
	if !lines.Scan() {
		log.Fatal("the test has hung up")
	}
	return lines.Text()
}

func say(name string, value any) {
	text, err := json.Marshal(map[string]any{name: value})
	must(err)
	fmt.Println(string(text))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
