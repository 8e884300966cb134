"""An OpenID provider on loopback, with the paths of Keycloak. Authlib decides all questions of the protocol."""
