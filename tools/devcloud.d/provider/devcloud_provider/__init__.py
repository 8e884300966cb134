"""An OpenID provider on loopback, with the paths of Keycloak. Authlib implements the protocol."""
