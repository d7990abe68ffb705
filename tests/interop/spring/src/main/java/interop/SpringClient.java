package interop;

import com.nimbusds.jose.util.JSONObjectUtils;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.springframework.http.MediaType;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.security.oauth2.client.endpoint.OAuth2AuthorizationCodeGrantRequest;
import org.springframework.security.oauth2.client.endpoint.OAuth2RefreshTokenGrantRequest;
import org.springframework.security.oauth2.client.endpoint.RestClientAuthorizationCodeTokenResponseClient;
import org.springframework.security.oauth2.client.endpoint.RestClientRefreshTokenTokenResponseClient;
import org.springframework.security.oauth2.client.registration.ClientRegistration;
import org.springframework.security.oauth2.client.registration.ClientRegistrations;
import org.springframework.security.oauth2.client.registration.InMemoryClientRegistrationRepository;
import org.springframework.security.oauth2.client.web.DefaultOAuth2AuthorizationRequestResolver;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizationRequestCustomizers;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.core.OAuth2AuthorizationException;
import org.springframework.security.oauth2.core.endpoint.OAuth2AccessTokenResponse;
import org.springframework.security.oauth2.core.endpoint.OAuth2AuthorizationExchange;
import org.springframework.security.oauth2.core.endpoint.OAuth2AuthorizationRequest;
import org.springframework.security.oauth2.core.endpoint.OAuth2AuthorizationResponse;
import org.springframework.util.LinkedMultiValueMap;
import org.springframework.util.MultiValueMap;
import org.springframework.web.client.RestClient;
import org.springframework.web.util.UriComponentsBuilder;

/**
 * Spring Security's OAuth client, from discovery and the code to revocation, of which it knows nothing.
 *
 * <p>The test writes the settings as one line of JSON, gets back lines of JSON, and answers each "authorize" with the URL at
 * which the browser arrived.
 */
public final class SpringClient {

  private static final BufferedReader LINES =
      new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

  private final ClientRegistration client;
  private final DefaultOAuth2AuthorizationRequestResolver requests;

  private SpringClient(ClientRegistration client) {
    this.client = client;
    this.requests =
        new DefaultOAuth2AuthorizationRequestResolver(
            new InMemoryClientRegistrationRepository(client), "/oauth2/authorization");
    this.requests.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce());
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, Object> wanted = JSONObjectUtils.parse(line());
    SpringClient application = new SpringClient(registration(wanted));
    Map<String, Object> server = application.client.getProviderDetails().getConfigurationMetadata();
    say("metadata", server);
    say("denied", refusal(application::authorize));
    OAuth2AccessTokenResponse tokens = application.authorize();
    say("tokens", said(tokens));
    OAuth2AccessTokenResponse fresh = application.refresh(tokens);
    say("refreshed", said(fresh));
    application.revoke(String.valueOf(server.get("revocation_endpoint")), fresh);
    say("refused", refusal(() -> application.refresh(fresh)));
  }

  private static ClientRegistration registration(Map<String, Object> wanted) {
    String secret = (String) wanted.get("client_secret");
    return ClientRegistrations.fromIssuerLocation((String) wanted.get("issuer"))
        .registrationId("consentcore")
        .clientId((String) wanted.get("client_id"))
        .clientSecret(secret)
        .clientAuthenticationMethod(new ClientAuthenticationMethod((String) wanted.get("auth_method")))
        .redirectUri((String) wanted.get("redirect_uri"))
        .scope(((String) wanted.get("scope")).split(" "))
        .build();
  }

  private OAuth2AccessTokenResponse authorize() throws Exception {
    MockHttpServletRequest browser = new MockHttpServletRequest("GET", "/oauth2/authorization/consentcore");
    OAuth2AuthorizationRequest request = this.requests.resolve(browser, "consentcore");
    say("authorize", request.getAuthorizationRequestUri());
    MultiValueMap<String, String> answer = UriComponentsBuilder.fromUriString(line()).build().getQueryParams();
    if (!request.getState().equals(decoded(answer.getFirst("state")))) {
      throw new IllegalStateException("the state is not the one that was sent");
    }
    String error = answer.getFirst("error");
    OAuth2AuthorizationResponse response =
        error != null
            ? OAuth2AuthorizationResponse.error(error).redirectUri(request.getRedirectUri()).state(request.getState()).build()
            : OAuth2AuthorizationResponse.success(answer.getFirst("code"))
                .redirectUri(request.getRedirectUri())
                .state(request.getState())
                .build();
    if (response.statusError()) {
      throw new OAuth2AuthorizationException(response.getError());
    }
    return new RestClientAuthorizationCodeTokenResponseClient()
        .getTokenResponse(
            new OAuth2AuthorizationCodeGrantRequest(this.client, new OAuth2AuthorizationExchange(request, response)));
  }

  private OAuth2AccessTokenResponse refresh(OAuth2AccessTokenResponse before) {
    return new RestClientRefreshTokenTokenResponseClient()
        .getTokenResponse(
            new OAuth2RefreshTokenGrantRequest(
                this.client, before.getAccessToken(), before.getRefreshToken(), Set.of()));
  }

  private void revoke(String endpoint, OAuth2AccessTokenResponse tokens) {
    MultiValueMap<String, String> form = new LinkedMultiValueMap<>();
    form.add("token", tokens.getRefreshToken().getTokenValue());
    form.add("client_id", this.client.getClientId());
    ClientAuthenticationMethod method = this.client.getClientAuthenticationMethod();
    if (method.equals(ClientAuthenticationMethod.CLIENT_SECRET_POST)) {
      form.add("client_secret", this.client.getClientSecret());
    }
    RestClient.create()
        .post()
        .uri(endpoint)
        .headers(
            headers -> {
              if (method.equals(ClientAuthenticationMethod.CLIENT_SECRET_BASIC)) {
                headers.setBasicAuth(this.client.getClientId(), this.client.getClientSecret());
              }
            })
        .contentType(MediaType.APPLICATION_FORM_URLENCODED)
        .body(form)
        .retrieve()
        .toBodilessEntity();
  }

  private static Map<String, Object> said(OAuth2AccessTokenResponse response) {
    Map<String, Object> found = new LinkedHashMap<>();
    found.put("token_type", response.getAccessToken().getTokenType().getValue());
    found.put("access_token", response.getAccessToken().getTokenValue());
    found.put("refresh_token", response.getRefreshToken().getTokenValue());
    found.put("scope", String.join(" ", response.getAccessToken().getScopes()));
    return found;
  }

  private interface Asked {
    Object now() throws Exception;
  }

  private static String refusal(Asked asked) throws Exception {
    try {
      asked.now();
    } catch (OAuth2AuthorizationException refused) {
      return refused.getError().getErrorCode();
    }
    return "nothing was refused";
  }

  private static String decoded(String value) {
    return value == null ? "" : java.net.URLDecoder.decode(value, StandardCharsets.UTF_8);
  }

  private static String line() throws IOException {
    String found = LINES.readLine();
    if (found == null) {
      throw new IOException("the test has hung up");
    }
    return found;
  }

  private static void say(String name, Object value) {
    System.out.println(JSONObjectUtils.toJSONString(Map.of(name, value)));
  }
}
