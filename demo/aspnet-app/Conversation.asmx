<%@ WebService Language="C#" Class="Shop.Conversation, Shop" %>
